import Contracts
import Model
import RPC

extension SelectEdgesResponse {
  init(_ answer: UploadAnswer) {
    switch answer {
    case .upload(let offer): self.init(offer)
    case .duplicate(let clone):
      self.init(
        duplicate: Duplicate(
          fileId: clone.fileID.text, url: clone.url, savedBytes: clone.savedBytes.rawValue, savedCostMicroDollars: clone.savedCost.rawValue,
          message: "File already exists. Zero-cost clone made."),
        fileId: clone.fileID.text)
    }
  }

  init(_ offer: UploadOffer) {
    let session = offer.session
    self.init(
      strategy: Strategy(
        chunkSize: session.plan.chunkSize.rawValue, threads: Model.UploadPlan.threads(edges: offer.edges.count),
        compression: offer.compression == .gzip ? .gzip : .none, estimatedTime: offer.estimatedSeconds,
        estimatedCostMicroDollars: session.estimatedCost.rawValue),
      edges: offer.edges.map { edge in
        SelectedEdge(
          id: edge.id.text, url: edge.url, latency: UInt32(saturating: edge.latencyMilliseconds), load: edge.loadPercent,
          distance: UInt32(saturating: edge.distanceKilometers), weight: Double(edge.weightHundredths) / 100, rpcAddress: edge.rpcAddress)
      },
      fileId: session.fileID.text, uploadToken: offer.uploadToken, expiresAt: session.expiresAt, chunksTotal: session.plan.chunksTotal)
  }
}

extension Edge {
  init(_ record: EdgeRecord, now: Int64) {
    let status = record.status
    self.init(
      id: record.site.id.text, url: status?.url ?? record.site.url, city: record.site.city, country: record.site.country,
      lat: record.site.point.latitude, lng: record.site.point.longitude, live: record.isLive(at: now),
      latency: UInt32(saturating: status?.probeMilliseconds ?? 0), load: status?.loadPercent ?? 0, bandwidthMbps: status?.bandwidthMegabits ?? 0,
      activeUploads: status?.activeUploads ?? 0, lastHeartbeatAt: status?.heardAt ?? 0)
  }
}

extension UploadPriority {
  init(_ priority: Priority) {
    self =
      switch priority {
      case .speed: .speed
      case .cost: .cost
      default: .balanced
      }
  }
}

extension GeoPoint {
  init(_ location: Location) { self.init(latitude: location.lat, longitude: location.lng) }
}

extension UInt32 {
  /// To the nearest whole number that there is.
  init(saturating value: Double) {
    self = value.isFinite && value > 0 ? UInt32(Swift.min(value.rounded(), Double(UInt32.max))) : 0
  }
}

extension RPCError {
  /// What callers are told when there is no answer.
  init(_ error: SelectionError) {
    switch error {
    case .fileTooLarge:
      self = .problem(
        .invalidArgument, reason: "INVALID_FIELD", field: "fileSize", message: "fileSize must be at most \(Model.UploadPlan.fileSizeMax.rawValue)")
    case .noLiveEdge(let registered):
      self = .problem(
        .unavailable, reason: "NO_EDGES",
        message: "no edge is alive: none of the \(registered) registered edges was heard from in the last 30 seconds", retryAfterSeconds: 10)
    case .budgetTooSmall(let minimum):
      self = .problem(
        .failedPrecondition, reason: "BUDGET_TOO_SMALL", field: "budget",
        message: "budget is too small: the least this upload can cost is \(minimum)",
        budget: BudgetTooSmall(minimumCostMicroDollars: minimum.rawValue))
    case .uploadNotFound:
      self = .problem(.notFound, reason: "UPLOAD_NOT_FOUND", field: "fileId", message: "there is no such upload")
    case .uploadEnded:
      self = .problem(
        .failedPrecondition, reason: "UPLOAD_ENDED", field: "fileId", message: "this upload has ended: it was completed, given up, or has expired")
    case .sizeDiffers(let opened):
      self = .problem(
        .failedPrecondition, reason: "FILE_CHANGED", field: "fileSize",
        message: "fileSize differs from the \(opened) that this upload was opened for; a changed file needs a new upload")
    case .hashDiffers:
      self = .problem(
        .failedPrecondition, reason: "FILE_CHANGED", field: "fileHash",
        message: "fileHash differs from the one that this upload was opened for; a changed file needs a new upload")
    }
  }
}

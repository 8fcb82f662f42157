import Contracts
import Model
import RPC

/// Between the contract's messages and the domain.
extension UploadStatus {
  init(_ status: SessionStatus) {
    switch status {
    case .inProgress: self = .inProgress
    case .paused: self = .paused
    case .completed: self = .completed
    case .failed: self = .failed
    case .aborted: self = .aborted
    case .expired: self = .expired
    }
  }

  /// Nil where it is none that a session can have.
  var sessionStatus: SessionStatus? {
    switch self {
    case .inProgress: .inProgress
    case .paused: .paused
    case .completed: .completed
    case .failed: .failed
    case .aborted: .aborted
    case .expired: .expired
    case .unspecified, .unrecognized: nil
    }
  }
}

extension Upload {
  init(_ session: UploadSession) {
    self.init(
      fileId: session.file.text, accountId: session.owner.account.text, userId: session.owner.user.text, fileHash: session.fileHash?.text ?? "",
      plan: Contracts.UploadPlan(
        fileSize: session.plan.fileSize.rawValue, chunkSize: session.plan.chunkSize.rawValue, chunksTotal: session.plan.chunksTotal),
      threads: session.threads, edges: session.edges.map(\.text), estimatedCostMicroDollars: session.estimatedCost.rawValue,
      fileName: session.fileName ?? "", fileType: session.mediaType ?? "", status: UploadStatus(session.status), objectKey: session.objectKey,
      multipartUploadId: session.multipartID ?? "", startedAt: session.startedAt, expiresAt: session.expiresAt)
  }

  /// The session that this upload asks for, on behalf of `account`. What the server decides (status, key, times) is not taken from it.
  func session(account: AccountID, now: Int64) throws(RPCError) -> UploadSession {
    guard accountId.isEmpty || accountId == account.text else {
      throw .problem(.permissionDenied, reason: "WRONG_ACCOUNT", field: "upload.accountId", message: "the upload is for another account")
    }
    guard let file = FileID(fileId) else { throw .field("upload.fileId", "must be \"file_\" followed by 26 lower-case base32 characters") }
    guard let user = UserID(userId) else { throw .field("upload.userId", "must be 1 to 64 characters of A-Z, a-z, 0-9, _ and -") }
    var hash: ContentHash?
    if !fileHash.isEmpty {
      hash = ContentHash(fileHash)
      if hash == nil { throw .field("upload.fileHash", "must be \"sha256:\" followed by 64 hexadecimal digits") }
    }
    guard let plan,
      let known = Model.UploadPlan(
        fileSize: ByteCount(plan.fileSize), chunkSize: ByteCount(plan.chunkSize), chunksTotal: plan.chunksTotal)
    else { throw .field("upload.plan", "must have chunks of 5 MiB or more, 10,000 at most, that make up the file") }
    guard threads <= SessionLimits.threadsMax else { throw .field("upload.threads", "must be at most \(SessionLimits.threadsMax)") }
    guard estimatedCostMicroDollars >= 0 else { throw .field("upload.estimatedCostMicroDollars", "must be at least 0") }
    return UploadSession(
      file: file, owner: SessionOwner(account: account, user: user), fileHash: hash, fileName: fileName.isEmpty ? nil : fileName,
      mediaType: fileType.isEmpty ? nil : fileType, plan: known, threads: threads, edges: try RPCError.edges(edges, "upload.edges"),
      estimatedCost: MicroDollars(estimatedCostMicroDollars), startedAt: now)
  }
}

extension SavedState {
  init(_ state: ResumableState) {
    let plan = state.session.plan
    self.init(
      fileId: state.session.file.text, chunksUploaded: state.progress.uploaded(of: plan.chunksTotal), chunksRemaining: state.progress.missing,
      edges: state.edges.map(\.text), progress: state.progress.bytesStored.rawValue, total: plan.fileSize.rawValue)
  }

  /// What a client saves about `file`.
  func report(file: String) throws(RPCError) -> ClientReport {
    guard fileId.isEmpty || fileId == file else { throw .field("state.fileId", "must be the same as fileId, or left out") }
    return ClientReport(
      chunksUploaded: chunksUploaded, chunksRemaining: chunksRemaining, edges: try RPCError.edges(edges, "state.edges"), progress: progress,
      total: total)
  }
}

extension StateEvent {
  init(_ event: ProgressEvent, plan: Model.UploadPlan) {
    self.init(
      status: UploadStatus(event.status), chunksStored: event.chunksStored, chunksTotal: plan.chunksTotal, progress: event.bytesStored.rawValue,
      total: plan.fileSize.rawValue, chunkIndex: event.chunk?.index ?? 0, hasChunk: event.chunk != nil, edgeId: event.chunk?.edge ?? "",
      at: event.at)
  }
}

extension GetStatsResponse {
  init(_ statistics: AccountStatistics, now: Int64) {
    let speed = statistics.figures.bytesPerSecond
    self.init(
      avgSpeedMbps: speed / 1_000_000, savedCostMicroDollars: statistics.usage.savedCost.rawValue,
      edges: statistics.edges.map { edge in
        EdgeStats(
          id: edge.id.text, latency: edge.live?.latencyMilliseconds ?? 0, load: edge.live?.loadPercent ?? 0, chunks: edge.chunks,
          bytes: edge.bytes.rawValue, live: edge.live != nil)
      },
      recentSessions: statistics.recent.map { SessionStats($0, now: now) }, avgBytesPerSecond: speed,
      savedMicroDollars: statistics.usage.savedCost.rawValue, costMicroDollars: statistics.usage.cost.rawValue,
      transferredBytes: statistics.usage.transferred.rawValue, savedBytes: statistics.usage.saved.rawValue,
      uploadsCompleted: statistics.figures.completed, uploadsInProgress: statistics.figures.inProgress,
      duplicatesFound: statistics.usage.duplicates)
  }
}

extension SessionStats {
  init(_ recent: RecentSession, now: Int64) {
    let session = recent.session
    self.init(
      fileId: session.file.text, userId: session.owner.user.text, status: UploadStatus(session.status), fileSize: session.plan.fileSize.rawValue,
      bytesUploaded: recent.bytesStored.rawValue, chunksTotal: session.plan.chunksTotal, chunksStored: recent.chunksStored,
      edges: recent.edges.map(\.text), startedAt: session.startedAt, completedAt: session.endedAt ?? 0,
      avgSpeedMbps: recent.bytesPerSecond(at: now) / 1_000_000,
      costMicroDollars: session.status.isOpen ? session.estimatedCost.rawValue : session.actualCost.rawValue,
      fileName: session.fileName ?? "")
  }
}

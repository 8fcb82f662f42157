import Model

/// How far an upload is, as the chunk map says.
public struct UploadProgress: Sendable, Hashable {
  public var chunksStored: UInt32
  public var bytesStored: ByteCount
  /// Ascending indices that are not recorded.
  public var missing: [UInt32]

  public init(chunksStored: UInt32, bytesStored: ByteCount, missing: [UInt32]) {
    self.chunksStored = chunksStored
    self.bytesStored = bytesStored
    self.missing = missing
  }

  /// Everything of a plan is there.
  public static func complete(_ plan: UploadPlan) -> UploadProgress {
    UploadProgress(chunksStored: plan.chunksTotal, bytesStored: plan.fileSize, missing: [])
  }

  /// The ascending indices that are recorded, out of `chunksTotal`.
  public func uploaded(of chunksTotal: UInt32) -> [UInt32] {
    var uploaded: [UInt32] = []
    uploaded.reserveCapacity(Int(chunksStored))
    var next = missing.makeIterator()
    var upcoming = next.next()
    for index in 0..<chunksTotal {
      if upcoming == index { upcoming = next.next() } else { uploaded.append(index) }
    }
    return uploaded
  }
}

/// An upload as another device would take it up.
public struct ResumableState: Sendable, Hashable {
  public var session: UploadSession
  public var progress: UploadProgress
  /// Those that a client saved last, or those of the session.
  public var edges: [EdgeID]

  public init(session: UploadSession, progress: UploadProgress, edges: [EdgeID]) {
    self.session = session
    self.progress = progress
    self.edges = edges
  }
}

/// What a client saves. Only the edges are kept; the rest is checked and then known better from the chunk map.
public struct ClientReport: Sendable, Hashable {
  public var chunksUploaded: [UInt32]
  public var chunksRemaining: [UInt32]
  public var edges: [EdgeID]
  public var progress: UInt64
  /// 0 where the client does not say.
  public var total: UInt64

  public init(chunksUploaded: [UInt32], chunksRemaining: [UInt32], edges: [EdgeID], progress: UInt64, total: UInt64) {
    self.chunksUploaded = chunksUploaded
    self.chunksRemaining = chunksRemaining
    self.edges = edges
    self.progress = progress
    self.total = total
  }

  /// - Throws: `SessionError` where a number cannot be true of `session`.
  public func check(against session: UploadSession) throws(SessionError) {
    let chunksTotal = session.plan.chunksTotal
    for (field, indices) in [("state.chunksUploaded", chunksUploaded), ("state.chunksRemaining", chunksRemaining)] {
      guard indices.allSatisfy({ $0 < chunksTotal }) else { throw .indexOutOfRange(field: field, chunksTotal: chunksTotal) }
    }
    let size = session.plan.fileSize.rawValue
    guard total == 0 || total == size else { throw .contradicts(field: "state.total", expected: "must be the file's size, \(size), or 0") }
    guard progress <= size else { throw .contradicts(field: "state.progress", expected: "must be at most the file's size, \(size)") }
  }
}

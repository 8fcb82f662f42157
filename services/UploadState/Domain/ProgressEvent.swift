import Model

/// A change of one upload, as a watcher hears of it.
public struct ProgressEvent: Sendable, Hashable {
  /// The chunk that was recorded, and where.
  public struct Chunk: Sendable, Hashable {
    public var index: UInt32
    public var edge: String

    public init(index: UInt32, edge: String) {
      self.index = index
      self.edge = edge
    }
  }

  public var status: SessionStatus
  public var chunksStored: UInt32
  public var bytesStored: ByteCount
  public var chunk: Chunk?
  /// Unix milliseconds.
  public var at: Int64

  public init(status: SessionStatus, chunksStored: UInt32, bytesStored: ByteCount, chunk: Chunk? = nil, at: Int64) {
    self.status = status
    self.chunksStored = chunksStored
    self.bytesStored = bytesStored
    self.chunk = chunk
    self.at = at
  }
}

/// What one watcher has said, and what is worth saying next. Events of several processes overtake each other; progress never goes back.
public struct WatchedUpload: Sendable {
  public let plan: UploadPlan
  private var last: ProgressEvent?

  public init(plan: UploadPlan) { self.plan = plan }

  public var isEnded: Bool { last.map { !$0.status.isOpen } ?? false }

  /// The event to tell after the truth was read; nil where it is known already.
  public mutating func read(_ truth: ProgressEvent) -> ProgressEvent? {
    guard let last else { return tell(truth) }
    guard last.status.isOpen else { return nil }
    let isNews = truth.status != last.status || truth.chunksStored > last.chunksStored
    return isNews ? tell(truth) : nil
  }

  /// The event to tell after one was heard; nil where it says nothing. Which chunk it was is news even where its announcement was
  /// overtaken by others, whose numbers then stand.
  public mutating func heard(_ event: ProgressEvent) -> ProgressEvent? {
    guard let last, last.status.isOpen, event.chunk != nil || event.chunksStored > last.chunksStored else { return nil }
    return tell(event)
  }

  private mutating func tell(_ event: ProgressEvent) -> ProgressEvent {
    var event = event
    if let last {
      event.chunksStored = max(event.chunksStored, last.chunksStored)
      event.bytesStored = max(event.bytesStored, last.bytesStored)
    }
    last = event
    return event
  }
}

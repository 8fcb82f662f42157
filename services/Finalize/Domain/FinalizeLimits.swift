/// Every limit and interval of this service.
public struct FinalizeLimits: Sendable {
  /// How long one call may be the only one to complete or abandon an upload. Past it somebody else may take over: longer than any
  /// store needs to put 10,000 parts together.
  public var leaseMilliseconds: Int64 = 300_000
  /// How often and how long in all a call waits for another that is completing the same upload.
  public var busyPauseMilliseconds: UInt64 = 150
  public var busyPausesMax = 30
  /// How long a presigned URL works.
  public var urlSeconds: UInt32 = 3600
  /// Indices named in one answer about an incomplete upload.
  public static let missingNamedMax = 1000

  /// Calls to the services that this one asks.
  public var peerMilliseconds: UInt64 = 5_000
  /// After a commit the events are delivered at once; the answer waits for that no longer than this.
  public var promptDeliveryMilliseconds: UInt64 = 1_000

  /// How often the outbox is looked at when nobody says that there is something in it.
  public var relayPauseMilliseconds: UInt64 = 1_000
  public var relayBatch = 50
  /// Nobody else delivers an event for so long.
  public var relayLeaseMilliseconds: Int64 = 15_000
  /// Pause before an event is tried again: doubled each time, from the first to the second.
  public var retryMinMilliseconds: Int64 = 500
  public var retryMaxMilliseconds: Int64 = 300_000

  /// How often queues are counted, for metrics.
  public var depthPauseMilliseconds: UInt64 = 10_000

  public var sweepPauseMilliseconds: UInt64 = 30_000
  public var sweepBatch: UInt32 = 100

  public var verifyPauseMilliseconds: UInt64 = 2_000
  /// New objects rest a moment, so that reading them back does not compete with the upload that just ended.
  public var verifyDelayMilliseconds: Int64 = 5_000
  public var verifyLeaseMilliseconds: Int64 = 120_000
  /// Bytes after which the lease is renewed.
  public var verifyRenewBytes: UInt64 = 1 << 30
  /// Bytes per second that one process reads back.
  public var verifyBytesPerSecond: UInt64 = 64 << 20
  public var verifyAttemptsMax = 20

  public init() {}

  /// Before something is tried again: doubled each time, 0.5 s, 1 s, 2 s … 5 minutes.
  func pauseMilliseconds(afterAttempts attempts: Int) -> Int64 {
    min(retryMinMilliseconds << Int64(min(max(attempts, 0), 20)), retryMaxMilliseconds)
  }
}

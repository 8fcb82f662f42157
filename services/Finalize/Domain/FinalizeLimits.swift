/// Every limit and interval of this service.
public enum FinalizeLimits {
  /// How long one call may be the only one to complete or abandon an upload. Past it somebody else may take over: longer than any
  /// store needs to put 10,000 parts together.
  public static let leaseMilliseconds: Int64 = 300_000
  /// How often and how long in all a call waits for another that is completing the same upload.
  public static let busyPauseMilliseconds: UInt64 = 150
  public static let busyPausesMax = 30
  /// How long a presigned URL works.
  public static let urlSeconds: UInt32 = 3600
  /// Indices named in one answer about an incomplete upload.
  public static let missingNamedMax = 1000

  /// Calls to the services that this one asks.
  public static let peerMilliseconds: UInt64 = 5_000
  /// After a commit the events are delivered at once; the answer waits for that no longer than this.
  public static let promptDeliveryMilliseconds: UInt64 = 1_000

  /// How often the outbox is looked at when nobody says that there is something in it.
  public static let relayPauseMilliseconds: UInt64 = 1_000
  public static let relayBatch = 50
  /// Nobody else delivers an event for so long.
  public static let relayLeaseMilliseconds: Int64 = 15_000
  /// Pause before an event is tried again: doubled each time, from the first to the second.
  public static let retryMinMilliseconds: Int64 = 500
  public static let retryMaxMilliseconds: Int64 = 300_000

  public static let sweepPauseMilliseconds: UInt64 = 30_000
  public static let sweepBatch: UInt32 = 100

  public static let verifyPauseMilliseconds: UInt64 = 2_000
  /// New objects rest a moment, so that reading them back does not compete with the upload that just ended.
  public static let verifyDelayMilliseconds: Int64 = 5_000
  public static let verifyLeaseMilliseconds: Int64 = 120_000
  /// Bytes after which the lease is renewed.
  public static let verifyRenewBytes: UInt64 = 1 << 30
  /// Bytes per second that one process reads back.
  public static let verifyBytesPerSecond: UInt64 = 64 << 20
  public static let verifyAttemptsMax = 20
}

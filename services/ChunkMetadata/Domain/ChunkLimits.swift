/// Every bound of this service in one place.
public struct ChunkLimits: Sendable {
  /// How long a claim keeps other bytes away. An edge that still receives the same chunk claims again before that.
  public var claimLeaseMilliseconds: Int64 = 120_000
  /// Rows of one statement.
  public var batchRowsMax = 256
  /// Statements of one kind under way at a time, per loop. While they run, the next batch gathers.
  public var batchesAtOnceMax = 2
  /// Calls that wait for a batch, per loop; more are refused.
  public var waitingCallsMax = 8_192
  /// Repetitions of a batch that lost against another transaction.
  public var conflictRetriesMax = 3
  /// How long a note of CacheChunk is kept, and what is said about a recorded chunk.
  public var noteSeconds: UInt32 = 3_600
  /// How long the owner and the plan of an upload are remembered. Neither ever changes.
  public var uploadSeconds: UInt32 = 600
  /// Longest wait for Redis. It is only a cache: behind it stands the truth.
  public var cacheTimeoutMilliseconds: UInt64 = 250
  /// Announcements under way at a time, per loop; more are dropped, watchers read the truth every few seconds anyway.
  public var announcementsAtOnceMax = 64
  /// Claims that never became chunks are forgotten after this.
  public var abandonedClaimHours = 24
  /// How often abandoned claims are looked for.
  public var sweepMilliseconds: UInt64 = 3_600_000
  /// Keys deleted by one command.
  public static let keysPerDeletion = 500

  public init() {}
}

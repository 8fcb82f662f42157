/// Every bound of this service in one place.
public enum ChunkLimits {
  /// How long a claim keeps other bytes away. An edge that still receives the same chunk claims again before that.
  public static let claimLeaseMilliseconds: Int64 = 120_000
  /// Rows of one statement.
  public static let batchRowsMax = 256
  /// Statements of one kind under way at a time, per loop. While they run, the next batch gathers.
  public static let batchesAtOnceMax = 2
  /// Calls that wait for a batch, per loop; more are refused.
  public static let waitingCallsMax = 8_192
  /// Repetitions of a batch that lost against another transaction.
  public static let conflictRetriesMax = 3
  /// How long a note of CacheChunk is kept, and what is said about a recorded chunk.
  public static let noteSeconds: UInt32 = 3_600
  /// How long the owner and the plan of an upload are remembered. Neither ever changes.
  public static let uploadSeconds: UInt32 = 600
  /// Longest wait for Redis. It is only a cache: behind it stands the truth.
  public static let cacheTimeoutMilliseconds: UInt64 = 250
  /// Announcements under way at a time, per loop; more are dropped, watchers read the truth every few seconds anyway.
  public static let announcementsAtOnceMax = 64
  /// Claims that never became chunks are forgotten after this.
  public static let abandonedClaimHours = 24
  /// How often abandoned claims are looked for.
  public static let sweepMilliseconds: UInt64 = 3_600_000
  /// Keys deleted by one command.
  public static let keysPerDeletion = 500
}

/// Every bound of this service in one place.
public struct SessionLimits: Sendable {
  /// How long a session lives after the last sign of life of its client.
  public var lifetimeMilliseconds: Int64 = 7 * 86_400_000
  /// A sign of life is written down only where it gains this much: a session that is busy is not written all the time.
  public var slideMillisecondsMin: Int64 = 3_600_000
  /// Edges that a session names.
  public static let edgesMax = 64
  /// Threads that a session may ask of its client.
  public static let threadsMax: UInt32 = 256
  /// Multipart uploads being created at a time, per loop. Each holds a connection to the database while the store works.
  public var multipartsAtOnceMax = 2
  /// Calls that wait for their turn to create one, per loop.
  public var multipartsWaitingMax = 1_024
  /// Longest that the store may take to create one.
  public var multipartMilliseconds: UInt64 = 8_000
  /// Sessions in one answer of ListExpired where the caller names no limit.
  public static let expiredUsual: UInt32 = 100
  /// Sessions in one answer of GetStats.
  public var recentSessionsMax = 20
  /// Speeds are averaged over the uploads of this many days.
  public var speedDays: Int64 = 30
  /// How long GetStats waits for each of the other services; what does not come by then is left out.
  public var statsPeerMilliseconds: UInt64 = 2_000
  /// Watchers at a time, per loop; more are refused.
  public var watchersMax = 4_096
  /// How often a watcher reads the truth although it hears of every change, in case it does not.
  public var watchResyncMilliseconds: UInt64 = 15_000
  /// How often a watcher reads the truth while Redis is away.
  public var watchPollMilliseconds: UInt64 = 1_000
  /// How long a new watcher waits for Redis before it goes on without.
  public var subscribeMilliseconds: UInt64 = 1_000
  /// Longest wait for Redis to take a message.
  public var publishTimeoutMilliseconds: UInt64 = 250
  /// Days that the session of an ended upload is kept, for statistics.
  public var endedDays: Int64 = 90
  /// How often old sessions are looked for.
  public var pruneMilliseconds: UInt64 = 3_600_000

  public init() {}
}

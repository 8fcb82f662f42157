/// Every bound of this service in one place.
public struct EdgeLimits: Sendable {
  /// An edge not heard from for longer is not a candidate.
  public static let silenceMillisecondsMax: Int64 = 30_000
  /// How often an edge speaks; a third of the silence, so that two lost heartbeats do no harm.
  public var heartbeatSeconds: UInt32 = 10
  /// Edges in one answer.
  public static let edgesPerUploadMax = 5
  /// Sites in the registry; heartbeats of further unknown edges are refused.
  public static let sitesMax = 10_000
  /// How old the picture of the edges may get before it is read again.
  public var snapshotMilliseconds: UInt64 = 2_000
  /// How often every live edge is probed.
  public var probeMilliseconds: UInt64 = 10_000
  /// A probe that takes longer counts as this long.
  public static let probeTimeoutMilliseconds: UInt64 = 2_000
  /// Probes under way at one time.
  public var probesAtOnceMax = 32
  /// A client's round-trip samples are forgotten after a day without news.
  public static let sampleSecondsMax: Int64 = 86_400
  /// Days of raw edge_metrics kept; hourly averages stay longer.
  public var metricsDays = 7
  /// Days of hourly averages kept.
  public var hourlyMetricsDays = 400
  /// Pattern counts waiting to be written; further ones are dropped, they are statistics.
  public static let pendingPatternsMax = 10_000
  /// Uploads in one hour of the week that make a habit.
  public static let habitUploadsMin: Int64 = 5
  /// Users warmed by one call.
  public var usersPerWarmingMax = 1_000
  /// Waiting for Dedup before going on without it.
  public var duplicateCheckMilliseconds: UInt64 = 1_000
  /// Waiting for the clone of a duplicate.
  public var cloneMilliseconds: UInt64 = 5_000
  /// Waiting for a session to be opened or found.
  public var sessionMilliseconds: UInt64 = 5_000
  /// Waiting for one edge to warm up.
  public var warmUpMilliseconds: UInt64 = 3_000
  /// How often counted uploads are written down.
  public var habitMilliseconds: UInt64 = 5_000
  /// How often partitions are made and dropped.
  public var maintenanceMilliseconds: UInt64 = 3_600_000
  /// How long before the hour the edges of those who are expected in it are warmed.
  public static let warmingAheadMilliseconds: Int64 = 600_000
  /// How long an edge keeps warm for whom it was warmed: the hour and what lies before it. Edges keep to the same time.
  public static let warmthMilliseconds: Int64 = 3_600_000 + warmingAheadMilliseconds
  /// How often to look whether the next hour is near.
  public static let clockMilliseconds: UInt64 = 60_000
  /// Habits read at a time when all are copied.
  public static let patternsPerPageMax = 1_000

  public init() {}
}

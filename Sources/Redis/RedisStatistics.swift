/// Counters of one client; a snapshot.
public struct RedisStatistics: Sendable, Equatable {
  public var isConnected = false
  /// Commands (or pipelines) sent and not yet answered.
  public var inFlight = 0
  /// Waiting for the first connection.
  public var queued = 0
  public var callsTotal: UInt64 = 0
  /// Calls that failed for any reason but their own cancellation.
  public var errorsTotal: UInt64 = 0
  public var timeoutsTotal: UInt64 = 0
  /// Connections that were opened, the first included.
  public var connectionsTotal: UInt64 = 0
}

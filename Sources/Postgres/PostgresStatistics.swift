/// Counters of one pool; a snapshot.
public struct PostgresStatistics: Sendable, Equatable {
  public var connections = 0
  /// Connections with a statement in flight or in a caller's hands.
  public var inUse = 0
  /// Callers that wait for a connection.
  public var waiting = 0
  public var statementsTotal: UInt64 = 0
  /// Statements and waits that failed for any reason but their own cancellation.
  public var errorsTotal: UInt64 = 0
  public var timeoutsTotal: UInt64 = 0
  /// Connections that were opened.
  public var connectionsTotal: UInt64 = 0
}

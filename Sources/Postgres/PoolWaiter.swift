/// Somebody who wants a connection of a pool: a statement (`PostgresRequest`) or a lease. Loop thread only.
class PoolWaiter: Equatable {
  /// Waits for a connection, until `acquireDeadlineNanoseconds`.
  final var isQueued = false
  final var acquireDeadlineNanoseconds: UInt64 = 0

  /// A connection is there.
  func assign(_ connection: PostgresConnection) {}
  /// There will be none.
  func refuse(_ error: any Error) {}

  static func == (left: PoolWaiter, right: PoolWaiter) -> Bool { left === right }
}

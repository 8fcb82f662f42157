/// Somebody who wants a connection of a pool: a statement (`PostgresRequest`) or a lease. Loop thread only.
class PoolWaiter: Equatable {
  /// Waits for a connection, until `acquireDeadlineNanoseconds`.
  final var isQueued = false
  final var acquireDeadlineNanoseconds: UInt64 = 0

  /// The task that waits was cancelled, and nobody else says so.
  var isCancelled: Bool { false }

  /// A connection is there.
  func assign(_ connection: PostgresConnection) {}
  /// There will be none.
  func refuse(_ error: any Error) {}

  static func == (left: PoolWaiter, right: PoolWaiter) -> Bool { left === right }
}

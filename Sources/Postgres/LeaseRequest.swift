import EventLoops

/// Waits for a connection of its own.
final class LeaseRequest: PoolWaiter {
  let promise: LoopPromise<PostgresConnection>

  init(loop: EventLoop) { promise = LoopPromise(loop: loop) }

  override func assign(_ connection: PostgresConnection) { promise.succeed(connection) }
  override func refuse(_ error: any Error) { promise.fail(error) }
}

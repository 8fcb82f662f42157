extension EventLoop {
  /// Suspends the calling task for a while. On any thread; the task continues where it was.
  /// - Throws: `CancellationError` as soon as the task is cancelled.
  public func sleep(milliseconds: UInt64) async throws {
    guard isCurrent else { return try await run { try await self.sleep(milliseconds: milliseconds) } }
    let promise = LoopPromise<Void>(loop: self)
    let timer = schedule(afterMilliseconds: milliseconds) { promise.succeed(()) }
    promise.onAbandon = { timer.cancel() }
    try await promise.wait()
  }

  /// Runs `body` for at most `milliseconds`, on this loop.
  ///
  /// When the time is over `body` is cancelled and `TimeoutError` is thrown at once; whatever `body` still does then is ignored.
  public func withTimeout<T: Sendable>(milliseconds: UInt64, _ body: @escaping @Sendable () async throws -> T) async throws -> T {
    guard isCurrent else { return try await run { try await self.withTimeout(milliseconds: milliseconds, body) } }
    let promise = LoopPromise<T>(loop: self)
    let task = spawn {
      do {
        let value = try await body()
        promise.succeed(value)
      } catch {
        promise.fail(error)
      }
    }
    promise.onAbandon = { task.cancel() }
    return try await promise.wait(timeoutMilliseconds: milliseconds)
  }
}

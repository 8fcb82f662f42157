import EventLoops

/// Waiting for the end of a call. The connection's `WaitWatch` looks whether the task was cancelled.
extension ClientCall {
  /// After so many looks a wait is a long one.
  private static let looksMax = 10

  /// For long waits, and where the call may move to another connection: the ordinary way, in which the task is told at once.
  @usableFromInline var waitsBriefly: Bool { waitLooks < Self.looksMax && replay == nil && connection != nil }

  @usableFromInline func beginWait(_ waiter: UnsafeContinuation<Void, Never>) {
    precondition(loop.isCurrent && answerWaiter == nil, "one task at a time waits, on the loop")
    let task = SuspendedTask.current
    guard let task, !task.isCancelled, let connection else { return waiter.resume() }
    answerWaiter = waiter
    waitingTask = task
    connection.answerAwaited()
  }

  /// True while somebody waits who is to be looked after again.
  func lookAtWait() -> Bool {
    guard let task = waitingTask else { return false }
    waitLooks += 1
    guard task.isCancelled || waitLooks >= Self.looksMax else { return true }
    endWait()
    return false
  }

  func endWait() {
    guard let waiter = answerWaiter else { return }
    answerWaiter = nil
    // It must not be asked any more once it runs.
    waitingTask = nil
    waiter.resume()
  }
}

import EventLoops

/// One `send` or `pipeline` whose command is with the server or on its way there. A value, so that a command costs no allocation.
struct RedisCall {
  /// Who waits; nil once nobody does: answered, cancelled or timed out. Replies still to come are dropped then.
  private(set) var waiter: UnsafeContinuation<RedisValue, any Error>?
  /// Whose wait it is. Nil together with `waiter`: while it waits it cannot end.
  private var task: SuspendedTask?
  let deadlineNanoseconds: UInt64
  /// The replies so far of a pipeline; nil for a single command.
  private let batch: ReplyBatch?

  /// - Parameter batch: Nil for a single command.
  @inline(__always)
  init(waiter: UnsafeContinuation<RedisValue, any Error>?, task: SuspendedTask?, deadlineNanoseconds: UInt64, batch: ReplyBatch?) {
    self.waiter = waiter
    self.task = task
    self.deadlineNanoseconds = deadlineNanoseconds
    self.batch = batch
  }

  /// Somebody waits, in a task that has been cancelled.
  var isCancelled: Bool { task?.isCancelled ?? false }

  /// Takes the next reply. True once the last one is here.
  mutating func receive(_ reply: RedisValue) -> Bool {
    guard let batch else {
      endWait()?.resume(returning: reply)
      return true
    }
    batch.missing -= 1
    if waiter != nil { batch.replies.append(reply) }
    guard batch.missing <= 0 else { return false }
    endWait()?.resume(returning: .array(batch.replies))
    return true
  }

  mutating func fail(_ error: any Error) {
    endWait()?.resume(throwing: error)
    batch?.replies = []
  }

  private mutating func endWait() -> UnsafeContinuation<RedisValue, any Error>? {
    task = nil
    return waiter.take()
  }
}

/// What a pipeline has got so far. Loop thread only.
final class ReplyBatch: @unchecked Sendable {
  var missing: Int
  var replies: [RedisValue] = []

  init(count: Int) { missing = count }
}

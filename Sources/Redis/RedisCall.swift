/// One `send` or `pipeline` that waits for its replies. Touched on its loop only; cancellation handlers hop back to the loop first.
final class RedisCall: @unchecked Sendable {
  /// What is asked, kept until sent, so that the call can wait for a connection.
  enum Request {
    case command([RedisArgument])
    /// Answered by one array.
    case pipeline([[RedisArgument]])
  }

  let request: Request
  let deadlineNanoseconds: UInt64
  private var state = State.new
  private var replies: [RedisValue] = []
  private var awaited: Int

  private enum State {
    case new
    case waiting(UnsafeContinuation<RedisValue, any Error>)
    case finished((any Error)?)
  }

  init(_ request: Request, deadlineNanoseconds: UInt64) {
    self.request = request
    self.deadlineNanoseconds = deadlineNanoseconds
    awaited = switch request {
    case .command: 1
    case .pipeline(let commands): commands.count
    }
  }

  /// Nobody waits any more: answered, cancelled or timed out. Replies still to come are dropped.
  var isFinished: Bool {
    if case .finished = state { true } else { false }
  }

  func start(_ continuation: UnsafeContinuation<RedisValue, any Error>) {
    if case .finished(let error) = state {
      continuation.resume(throwing: error ?? RedisError.closed)
    } else {
      state = .waiting(continuation)
    }
  }

  /// Takes the next reply. True once the last one is here.
  func receive(_ reply: RedisValue) -> Bool {
    awaited -= 1
    if case .pipeline = request {
      if !isFinished { replies.append(reply) }
      guard awaited <= 0 else { return false }
      if case .waiting(let continuation) = state { continuation.resume(returning: .array(replies)) }
    } else if case .waiting(let continuation) = state {
      continuation.resume(returning: reply)
    }
    state = .finished(nil)
    return true
  }

  func fail(_ error: any Error) {
    if case .finished = state { return }
    if case .waiting(let continuation) = state { continuation.resume(throwing: error) }
    state = .finished(error)
    replies = []
  }
}

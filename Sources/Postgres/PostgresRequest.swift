/// One statement on its way, first to a connection and then to the server, and who waits for it. Touched on its loop only; cancellation
/// handlers hop back to the loop first.
final class PostgresRequest: PoolWaiter, @unchecked Sendable {
  let sql: String
  let parameters: EncodedParameters
  /// Sent by the simple protocol, which takes several statements at once and gives no rows.
  let isScript: Bool
  /// The client's patience, from sending to the answer.
  let timeoutMilliseconds: UInt64
  /// 0 before it is sent.
  var deadlineNanoseconds: UInt64 = 0
  /// Where it was sent, until the connection is through with it.
  var connection: PostgresConnection?
  /// Collected until the server's sync arrives.
  var result: PostgresResult?
  var error: PostgresServerError?
  private var state = State.new
  /// Called once, when the connection is through with it, whoever still waits or not.
  var onCompletion: (() -> Void)?

  private enum State {
    case new
    case waiting(UnsafeContinuation<PostgresResult?, any Error>)
    case finished((any Error)?)
  }

  init(sql: String, parameters: EncodedParameters, isScript: Bool, timeoutMilliseconds: UInt64) {
    self.sql = sql
    self.parameters = parameters
    self.isScript = isScript
    self.timeoutMilliseconds = timeoutMilliseconds
  }

  override func assign(_ connection: PostgresConnection) { connection.send(self) }
  override func refuse(_ error: any Error) { fail(error) }

  /// Answered, or nobody waits any more.
  var isFinished: Bool {
    if case .finished = state { true } else { false }
  }

  var wasSent: Bool { deadlineNanoseconds > 0 }

  func start(_ continuation: UnsafeContinuation<PostgresResult?, any Error>) {
    if case .finished(let error) = state {
      if let error { continuation.resume(throwing: error) } else { continuation.resume(returning: result) }
    } else {
      state = .waiting(continuation)
    }
  }

  /// The server is through with it.
  func succeed() {
    if case .finished = state { return }
    if case .waiting(let continuation) = state { continuation.resume(returning: result) }
    state = .finished(nil)
  }

  func fail(_ error: any Error) {
    if case .finished = state { return }
    if case .waiting(let continuation) = state { continuation.resume(throwing: error) }
    state = .finished(error)
  }

  /// Runs the completion hook, once.
  func complete() {
    connection = nil
    guard let hook = onCompletion else { return }
    onCompletion = nil
    hook()
  }
}

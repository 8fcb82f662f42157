import EventLoops

/// One statement on its way, first to a connection and then to the server, and who waits for it. Touched on its loop only.
final class PostgresRequest: PoolWaiter, @unchecked Sendable {
  let sql: String
  /// Checked: they can be sent.
  let parameters: [PostgresValue]
  /// Sent by the simple protocol, which takes several statements at once and gives no rows.
  let isScript: Bool
  /// The client's patience, from sending to the answer.
  let timeoutMilliseconds: UInt64
  /// 0 before it is sent.
  var deadlineNanoseconds: UInt64 = 0
  /// It was sent together with its preparation.
  var isPreparing = false
  /// It was sent again, for the server did not know the statement by its name.
  var isRepeated = false
  /// Collected until the server's sync arrives.
  var result: PostgresResult?
  private(set) var failure: Failure?
  private var waiter: UnsafeContinuation<PostgresResult?, any Error>?
  /// Whose wait it is, if it ends with the task's cancellation. Nil together with `waiter`: while it waits it cannot end.
  private var task: SuspendedTask?
  /// Answered, or nobody waits any more.
  private(set) var isFinished = false
  /// What it finished with before anybody waited.
  private var ending: (any Error)?
  /// Called once, when the connection is through with it, whoever still waits or not.
  var onCompletion: (() -> Void)?

  /// What the server said against it. An object of its own: statements rarely fail, and every one would have to carry the room.
  final class Failure {
    let error: PostgresServerError
    init(_ error: PostgresServerError) { self.error = error }
  }

  init(sql: String, parameters: [PostgresValue], isScript: Bool, timeoutMilliseconds: UInt64) {
    self.sql = sql
    self.parameters = parameters
    self.isScript = isScript
    self.timeoutMilliseconds = timeoutMilliseconds
  }

  override func assign(_ connection: PostgresConnection) { connection.send(self) }
  override func refuse(_ error: any Error) { fail(error) }

  var wasSent: Bool { deadlineNanoseconds > 0 }
  /// Somebody waits, in a task that has been cancelled.
  override var isCancelled: Bool { task?.isCancelled ?? false }

  /// - Parameter task: The waiting task, if its cancellation ends the wait.
  func start(_ continuation: UnsafeContinuation<PostgresResult?, any Error>, task: SuspendedTask?) {
    if isFinished {
      if let ending { continuation.resume(throwing: ending) } else { continuation.resume(returning: result) }
    } else {
      waiter = continuation
      self.task = task
    }
  }

  /// The server's error; the first one counts.
  func note(_ error: PostgresServerError) {
    if failure == nil { failure = Failure(error) }
  }

  /// Forgets what the server said, to be sent again.
  func forgetAnswer() {
    failure = nil
    result = nil
  }

  /// The server is through with it.
  func succeed() {
    guard !isFinished else { return }
    isFinished = true
    endWait()?.resume(returning: result)
  }

  func fail(_ error: any Error) {
    guard !isFinished else { return }
    isFinished = true
    if let waiter = endWait() { waiter.resume(throwing: error) } else { ending = error }
  }

  private func endWait() -> UnsafeContinuation<PostgresResult?, any Error>? {
    task = nil
    return waiter.take()
  }

  /// Runs the completion hook, once.
  func complete() {
    guard let hook = onCompletion else { return }
    onCompletion = nil
    hook()
  }
}

/// One result that arrives later, on one loop: the bridge between callbacks and `await`. Loop thread only.
///
/// The first of ``succeed(_:)``, ``fail(_:)``, a time-out or cancellation wins; whatever comes after is ignored.
public final class LoopPromise<Value: Sendable>: @unchecked Sendable {
  private enum State {
    case empty
    case waiting(UnsafeContinuation<Value, any Error>)
    case done(Result<Value, any Error>)
    case taken
  }

  private let loop: EventLoop
  private var state = State.empty
  private var timer: LoopTimer?
  /// Called when the waiter gave up (cancelled or timed out) before a result came, so that the producer can let go.
  public var onAbandon: (() -> Void)?

  public init(loop: EventLoop) { self.loop = loop }

  /// True once there is a result, or the waiter gave up.
  public var isResolved: Bool {
    switch state {
    case .empty, .waiting: false
    case .done, .taken: true
    }
  }

  public func succeed(_ value: Value) { resolve(.success(value)) }

  public func fail(_ error: any Error) { resolve(.failure(error)) }

  /// Waits for the result; once per promise.
  /// - Throws: what it failed with, `TimeoutError`, or `CancellationError`.
  public func wait(timeoutMilliseconds: UInt64? = nil) async throws -> Value {
    precondition(loop.isCurrent, "a promise is awaited on its loop")
    if let timeoutMilliseconds, !isResolved {
      timer = loop.schedule(afterMilliseconds: timeoutMilliseconds) { [weak self] in
        self?.abandon(TimeoutError(milliseconds: timeoutMilliseconds))
      }
    }
    return try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in
        if case .done(let result) = state {
          state = .taken
          continuation.resume(with: result)
        } else {
          state = .waiting(continuation)
        }
      }
    } onCancel: {
      if loop.isCurrent {
        abandon(CancellationError())
      } else {
        loop.execute { self.abandon(CancellationError()) }
      }
    }
  }

  private func abandon(_ error: any Error) {
    guard !isResolved else { return }
    resolve(.failure(error))
    onAbandon?()
    onAbandon = nil
  }

  private func resolve(_ result: Result<Value, any Error>) {
    precondition(loop.isCurrent, "a promise is resolved on its loop")
    switch state {
    case .done, .taken:
      return
    case .empty:
      state = .done(result)
    case .waiting(let continuation):
      state = .taken
      continuation.resume(with: result)
    }
    timer?.cancel()
    timer = nil
  }
}

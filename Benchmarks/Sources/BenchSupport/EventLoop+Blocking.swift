import Dispatch
import EventLoops

extension EventLoop {
  /// Runs `body` on the loop while the calling thread, which must not be a loop's, waits.
  ///
  /// The programs here have a synchronous `main`: an asynchronous one hands the main thread to libdispatch, and valgrind 3.19 crashes on that.
  public func runBlocking<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) throws -> T {
    let done = DispatchSemaphore(value: 0)
    let outcome = Outcome<T>()
    spawn {
      do { outcome.result = .success(try await body()) } catch { outcome.result = .failure(error) }
      done.signal()
    }
    done.wait()
    guard let result = outcome.result else { throw CancellationError() }
    return try result.get()
  }
}

/// Written before the semaphore is signalled, read after.
private final class Outcome<T: Sendable>: @unchecked Sendable {
  var result: Result<T, any Error>?
}

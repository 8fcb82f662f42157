import CUV

extension EventLoop {
  /// Runs blocking or long work on libuv's thread pool (four threads, `UV_THREADPOOL_SIZE`) and gives its result back.
  ///
  /// Work that has begun is never interrupted: a cancelled caller waits for it to end, so buffers it uses stay valid.
  public func offload<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    guard isCurrent else { return try await run { try await self.offload(body) } }
    return try await withUnsafeThrowingContinuation { continuation in
      let work = OffloadedWork(body, continuation)
      let request = UnsafeMutablePointer<uv_work_t>.allocate(capacity: 1)
      request.pointee.data = Unmanaged<AnyOffloadedWork>.passRetained(work).toOpaque()
      let status = uv_queue_work(uv, request, { request in
        guard let data = request?.pointee.data else { return }
        Unmanaged<AnyOffloadedWork>.fromOpaque(data).takeUnretainedValue().run()
      }, { request, _ in
        guard let request, let data = request.pointee.data else { return }
        let work = Unmanaged<AnyOffloadedWork>.fromOpaque(data).takeRetainedValue()
        request.deallocate()
        work.finish()
      })
      if status != 0 {
        Unmanaged<AnyOffloadedWork>.passUnretained(work).release()
        request.deallocate()
        continuation.resume(throwing: SystemError(uv: status, doing: "queue work for the thread pool"))
      }
    }
  }
}

private class AnyOffloadedWork: @unchecked Sendable {
  func run() {}
  func finish() {}
}

private final class OffloadedWork<T: Sendable>: AnyOffloadedWork, @unchecked Sendable {
  private var body: (@Sendable () throws -> T)?
  private var result: Result<T, any Error>?
  private let continuation: UnsafeContinuation<T, any Error>

  init(_ body: @escaping @Sendable () throws -> T, _ continuation: UnsafeContinuation<T, any Error>) {
    self.body = body
    self.continuation = continuation
  }

  override func run() {
    guard let body else { return }
    result = Result { try body() }
    self.body = nil
  }

  override func finish() {
    continuation.resume(with: result ?? .failure(CancellationError()))
  }
}

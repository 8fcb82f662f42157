import EventLoops

/// Time and shielded work on one event loop.
struct LoopRuntime: EdgeRuntime {
  let loop: EventLoop

  func sleep(milliseconds: UInt64) async throws { try await loop.sleep(milliseconds: milliseconds) }

  var nowMilliseconds: UInt64 { loop.nowNanoseconds / 1_000_000 }

  func every(milliseconds: UInt64, _ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
    loop.spawn {
      while (try? await loop.sleep(milliseconds: milliseconds)) != nil, !Task.isCancelled { await body() }
    }
  }

  func shielded<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
    let promise = LoopPromise<T>(loop: loop)
    loop.spawn {
      do {
        promise.succeed(try await body())
      } catch {
        promise.fail(error)
      }
    }
    // Being cancelled ends the wait, not the work.
    return try await promise.wait()
  }
}

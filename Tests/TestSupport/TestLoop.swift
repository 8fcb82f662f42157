import EventLoops

/// Runs `body` on an event loop of its own, and fails with `TimeoutError` if it takes longer than it should.
public func withEventLoop<T: Sendable>(seconds: UInt64 = 60, _ body: @escaping @Sendable (EventLoop) async throws -> T) async throws -> T {
  let loop = try EventLoop(name: "test")
  try loop.start()
  defer { loop.stop() }
  return try await loop.run { try await loop.withTimeout(milliseconds: seconds * 1000) { try await body(loop) } }
}

/// Tries until `condition` holds; throws `TimeoutError` after `seconds`. On the loop.
public func eventually(on loop: EventLoop, seconds: UInt64 = 15, _ condition: () async throws -> Bool) async throws {
  let end = loop.nowNanoseconds + seconds * 1_000_000_000
  while try await !condition() {
    guard loop.nowNanoseconds < end else { throw TimeoutError(milliseconds: seconds * 1000) }
    try await loop.sleep(milliseconds: 10)
  }
}

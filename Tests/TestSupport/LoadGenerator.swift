import EventLoops

/// Calls `body` with 0, 1, 2… on a loop, several at a time, until stopped, and counts how it went. Loop thread only.
public final class LoadGenerator: @unchecked Sendable {
  public private(set) var succeeded = 0
  public private(set) var failed = 0
  private var isStopped = false
  private var running = 0
  private var next: Int64 = 0

  /// - Parameter body: True where the answer was right.
  public init(on loop: EventLoop, atATime: Int, _ body: @escaping @Sendable (Int64) async throws -> Bool) {
    running = atATime
    for _ in 0..<atATime {
      loop.spawn { [self] in
        while !isStopped {
          let number = next
          next += 1
          let isGood = (try? await body(number)) ?? false
          succeeded += isGood ? 1 : 0
          failed += isGood ? 0 : 1
          try? await loop.sleep(milliseconds: 5)
        }
        running -= 1
      }
    }
  }

  /// Returns when the last call has ended.
  public func stop(on loop: EventLoop) async throws {
    isStopped = true
    try await eventually(on: loop) { running == 0 }
  }
}

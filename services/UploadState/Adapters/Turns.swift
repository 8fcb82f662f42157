import EventLoops

/// Lets a few callers do something at a time, in the order in which they came. Loop thread only.
final class Turns: @unchecked Sendable {
  private let loop: EventLoop
  private let atOnceMax: Int
  private let waitingMax: Int
  private var running = 0
  private var waiting = FIFOQueue<LoopPromise<Void>>()

  /// Callers whose turn has not come.
  var waitingCalls: Int { waiting.count }

  init(loop: EventLoop, atOnceMax: Int, waitingMax: Int) {
    self.loop = loop
    self.atOnceMax = atOnceMax
    self.waitingMax = waitingMax
  }

  /// - Throws: `SessionError.overloaded` where too many wait, `CancellationError`, what `body` throws.
  func take<Result>(_ body: () async throws -> Result) async throws -> Result {
    precondition(loop.isCurrent, "turns belong to their loop")
    if running < atOnceMax {
      running += 1
    } else {
      guard waiting.count < waitingMax else { throw SessionError.overloaded("too many uploads begin just now") }
      let turn = LoopPromise<Void>(loop: loop)
      waiting.append(turn)
      // Whoever ends a turn hands it on: `running` stays.
      try await turn.wait()
    }
    defer { handOn() }
    return try await body()
  }

  private func handOn() {
    while let next = waiting.popFirst() {
      if next.isResolved { continue }
      next.succeed(())
      return
    }
    running -= 1
  }
}

import Testing

@testable import EventLoops

@Suite(.timeLimit(.minutes(1))) struct WaitWatchTests {
  private final class Owner {
    let watch: WaitWatch
    var looks = 0
    init(_ loop: EventLoop) { watch = WaitWatch(loop: loop, periodMilliseconds: 2) }
  }

  @Test func looksUntilNobodyWaits() async throws {
    try await onLoop { loop in
      let owner = Owner(loop)
      let ended = LoopPromise<Void>(loop: loop)
      owner.watch.start {
        owner.looks += 1
        if owner.looks == 3 { ended.succeed(()) }
        return owner.looks < 3
      }
      try await ended.wait(timeoutMilliseconds: 2_000)
      try await loop.sleep(milliseconds: 10)
      #expect(owner.looks == 3 && !owner.watch.isSet)
    }
  }

  @Test func keepsItsOwnerNoLongerThanItLooks() async throws {
    try await onLoop { loop in
      for isStopped in [true, false] {
        var owner: Owner? = Owner(loop)
        weak let left = owner
        owner?.watch.start { [owner] in (owner?.looks ?? 0) > 0 }
        if isStopped { owner?.watch.stop() }
        owner = nil
        #expect((left == nil) == isStopped)
        for _ in 0..<100 where left != nil { try await loop.sleep(milliseconds: 5) }
        #expect(left == nil)
      }
    }
  }
}

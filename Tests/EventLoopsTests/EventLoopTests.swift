import Synchronization
import Testing

@testable import EventLoops

@Suite(.timeLimit(.minutes(1))) struct EventLoopTests {
  @Test func tasksRunAndResumeOnTheLoop() async throws {
    try await onLoop { loop in
      #expect(loop.isCurrent)
      #expect(EventLoop.current === loop)
      try await loop.sleep(milliseconds: 2)
      #expect(loop.isCurrent)
      let pooled = try await loop.offload { EventLoop.current == nil }
      #expect(pooled, "offloaded work runs on another thread")
      #expect(loop.isCurrent)
      async let child = loop.isCurrent
      #expect(await child, "child tasks inherit the loop")
    }
  }

  @Test func spawnOnTheLoopStartsAtOnce() async throws {
    try await onLoop { loop in
      let started = Flag()
      loop.spawn { started.set() }
      #expect(started.isSet)
    }
  }

  /// Only the loop's thread touches it.
  private final class Order: @unchecked Sendable {
    var seen: [Int] = []
  }

  @Test func workFromOtherThreadsKeepsItsOrder() async throws {
    let loop = try EventLoop(name: "order")
    try loop.start()
    defer { loop.stop() }
    let order = Order()
    for index in 0..<10_000 { loop.execute { order.seen.append(index) } }
    while try await loop.run({ order.seen.count }) < 10_000 {}
    let seen = try await loop.run { order.seen }
    #expect(seen == Array(0..<10_000))
  }

  @Test func sleepEndsEarlyWhenCancelled() async throws {
    try await onLoop { loop in
      let began = loop.nowNanoseconds
      let sleeper = Task(executorPreference: loop) { try await loop.sleep(milliseconds: 60_000) }
      try await loop.sleep(milliseconds: 1)
      sleeper.cancel()
      await #expect(throws: CancellationError.self) { try await sleeper.value }
      #expect(loop.nowNanoseconds - began < 5_000_000_000)
      #expect(loop.timers.nextDeadline == nil, "the timer went with the sleeper")
    }
  }

  @Test func timeoutCancelsTheWork() async throws {
    try await onLoop { loop in
      let cancelled = Flag()
      await #expect(throws: TimeoutError.self) {
        try await loop.withTimeout(milliseconds: 5) {
          do { try await loop.sleep(milliseconds: 60_000) } catch { cancelled.set() }
        }
      }
      try await loop.sleep(milliseconds: 1)
      #expect(cancelled.isSet)
      let quick = try await loop.withTimeout(milliseconds: 60_000) { 7 }
      #expect(quick == 7)
    }
  }

  @Test func timersFireInOrderAndOnlyOnce() async throws {
    try await onLoop { loop in
      let fired = Mutex<[Int]>([])
      for (index, delay) in [9, 3, 6, 1, 3].enumerated() {
        _ = loop.schedule(afterMilliseconds: UInt64(delay)) { fired.withLock { $0.append(index) } }
      }
      let unwanted = loop.schedule(afterMilliseconds: 2) { fired.withLock { $0.append(99) } }
      unwanted.cancel()
      unwanted.cancel()
      try await loop.sleep(milliseconds: 12)
      #expect(fired.withLock { $0 } == [3, 1, 4, 2, 0] || fired.withLock { $0 } == [3, 4, 1, 2, 0])
    }
  }

  @Test func aPromiseKeepsItsFirstResult() async throws {
    try await onLoop { loop in
      let early = LoopPromise<Int>(loop: loop)
      early.succeed(1)
      early.succeed(2)
      let first = try await early.wait()
      #expect(first == 1)

      let late = LoopPromise<Int>(loop: loop)
      _ = loop.schedule(afterMilliseconds: 1) { late.fail(TimeoutError(milliseconds: 3)) }
      await #expect(throws: TimeoutError.self) { try await late.wait(timeoutMilliseconds: 10_000) }

      let never = LoopPromise<Int>(loop: loop)
      let abandoned = Flag()
      never.onAbandon = { abandoned.set() }
      await #expect(throws: TimeoutError.self) { try await never.wait(timeoutMilliseconds: 1) }
      #expect(abandoned.isSet)
      never.succeed(5)
    }
  }

  @Test func aBusyTaskDoesNotStarveTimers() async throws {
    try await onLoop { loop in
      let stop = Flag()
      let spinner = Task(executorPreference: loop) { while !stop.isSet { await Task.yield() } }
      try await loop.sleep(milliseconds: 5)
      stop.set()
      await spinner.value
    }
  }
}

/// Runs a test body on a loop of its own.
func onLoop(_ body: @escaping @Sendable (EventLoop) async throws -> Void) async throws {
  let loop = try EventLoop(name: "test")
  try loop.start()
  defer { loop.stop() }
  try await loop.run { try await body(loop) }
}

final class Flag: Sendable {
  private let value = Atomic<Bool>(false)
  var isSet: Bool { value.load(ordering: .acquiring) }
  func set() { value.store(true, ordering: .releasing) }
}

import Testing

@testable import EventLoops

@Suite("Timer heap", .timeLimit(.minutes(1)))
struct TimerHeapTests {
  private final class Probe: LoopAlarm {
    let deadline: UInt64
    init(_ loop: EventLoop, _ deadline: UInt64) {
      self.deadline = deadline
      super.init(loop: loop)
    }
  }

  @Test func alarmsComeInOrderWhateverWasCalledOff() throws {
    let loop = try EventLoop(name: "heap")
    var random = SystemRandomNumberGenerator()
    for _ in 0..<20 {
      var heap = TimerHeap()
      var expected: [UInt64] = []
      let probes = (0..<300).map { _ in Probe(loop, random.next(upperBound: 1_000)) }
      for probe in probes { heap.insert(probe, deadline: probe.deadline) }
      for probe in probes {
        if Bool.random(using: &random) { heap.remove(probe) } else { expected.append(probe.deadline) }
      }
      #expect(heap.nextDeadline == expected.min())
      var fired: [UInt64] = []
      while let probe = heap.popExpired(now: 1_000) as? Probe { fired.append(probe.deadline) }
      #expect(fired == expected.sorted())
      #expect(probes.allSatisfy { !$0.isSet })
    }
  }

  /// The loop keeps its own timer while that is early enough. Here it is due before the loop waits, for an alarm that was called off.
  @Test func anAlarmThatWasCalledOffDoesNotTakeTheNextOneWithIt() async throws {
    let loop = try EventLoop(name: "early")
    try loop.start()
    defer { loop.stop() }
    try await loop.run {
      for _ in 0..<5 {
        let early = loop.schedule(afterMilliseconds: 5) {}
        try await loop.offload {}  // The loop has waited once, with its timer set.
        early.cancel()
        let late = loop.nowNanoseconds + 15_000_000
        while loop.nowNanoseconds < late {}
        let started = loop.nowNanoseconds
        try await loop.sleep(milliseconds: 40)
        #expect(loop.nowNanoseconds - started < 5_000_000_000)
      }
    }
  }

  @Test func alarmsForTheEndOfTimeAreFine() async throws {
    let loop = try EventLoop(name: "far")
    try loop.start()
    defer { loop.stop() }
    try await loop.run {
      let never = loop.schedule(afterMilliseconds: .max) { Issue.record("fired") }
      try await loop.sleep(milliseconds: 20)
      never.cancel()
      never.cancel()
    }
  }

  @Test func anAlarmCanBeSetAgainAndCalledOff() async throws {
    final class Counter: LoopAlarm {
      var count = 0
      override func fire() { count += 1 }
    }
    let loop = try EventLoop(name: "alarm")
    try loop.start()
    defer { loop.stop() }
    try await loop.run {
      let counter = Counter(loop: loop)
      let now = loop.nowNanoseconds
      counter.set(atNanoseconds: now + 60_000_000_000)
      counter.set(atNanoseconds: now + 1_000_000)
      try await loop.sleep(milliseconds: 20)
      #expect(counter.count == 1 && !counter.isSet)
      counter.set(atNanoseconds: loop.nowNanoseconds + 1_000_000)
      counter.cancel()
      counter.cancel()
      try await loop.sleep(milliseconds: 20)
      #expect(counter.count == 1)
    }
  }
}

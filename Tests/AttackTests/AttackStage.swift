import AttackKit
import EventLoops
import Testing

/// A target on a loop of its own, the loop of the test, and what both lost to other programs.
struct AttackStage: Sendable {
  let target: Target
  let loop: EventLoop
  private let lost: [Starvation]

  init(target: Target, loop: EventLoop, serverLoop: EventLoop) {
    self.target = target
    self.loop = loop
    lost = [Starvation(of: serverLoop), Starvation(of: loop)]
  }

  private var lostMilliseconds: Int { lost.reduce(0) { $0 + $1.milliseconds } }

  /// What so long comes to on this machine, as busy as it has been so far.
  func limit(_ milliseconds: Int) -> Int { milliseconds * Sanitizer.slowness + lostMilliseconds }

  func stop() { for one in lost { one.stop() } }

  func describe(_ attack: Attack, _ report: AttackDriver.Report, _ grownBytes: Int?) -> String {
    let memory = grownBytes.map { ", \($0 >> 20) MiB more memory" } ?? ""
    return "\(attack.testDescription): \(report.ended) connections ended, the longest lasted \(report.longestMilliseconds) ms\(memory), "
      + "\(report.bytesSent) bytes sent, \(report.connectFailures) refused; the loops waited \(lostMilliseconds) ms for a processor"
  }

  /// Others are still served.
  func expectService(_ door: Attack.Door) async throws {
    let client = SteadyClient(door, port: target.port(door), loop: loop)
    var passed = 0
    while client.succeeded <= 10, passed < limit(10_000) {
      try await loop.sleep(milliseconds: 50)
      passed += 50
    }
    try await client.stop(on: loop)
    #expect(client.succeeded > 10 && client.failed == 0, "\(door): \(client.succeeded) calls succeeded, \(client.failed) failed")
  }
}

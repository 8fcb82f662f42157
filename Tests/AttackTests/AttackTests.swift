import AttackKit
import EventLoops
import HTTPServer
import Testing

/// Every attack for a moment, against both servers with their defaults. The long form, with what a well-behaved client keeps of its
/// throughput, is `make attack`.
@Suite("Attacks", .serialized, .timeLimit(.minutes(5)))
struct AttackTests {
  /// Time for the server to notice: floods are over at once, slow ones are given up after this.
  private static let patience = 35

  @Test(arguments: Attack.all.filter { !$0.isSlow }) func floodIsEnded(_ attack: Attack) async throws {
    try await withTarget { target, loop in
      let before = try #require(Memory.residentBytes())
      let driver = AttackDriver(attack, port: target.port(attack.door))
      defer { driver.stop() }
      var grown = 0
      // A second, or longer on a machine that is busy with other things.
      for round in 0..<100 where round < 10 || driver.state.ended < attack.connections {
        try await loop.sleep(milliseconds: 100)
        grown = max(grown, (Memory.residentBytes() ?? 0) - before)
      }
      let report = driver.stop()
      #expect(report.ended >= attack.connections, "\(report)")
      #expect(report.longestMilliseconds < 5_000, "\(report)")
      #expect(grown < 64 << 20)
      try await expectService(target, attack.door, on: loop)
    }
  }

  /// All at once, since each takes its time.
  @Test func slowClientsAreEnded() async throws {
    try await withTarget { target, loop in
      let slow = Attack.all.filter(\.isSlow)
      let drivers = slow.map { ($0, AttackDriver($0, port: target.port($0.door), reopens: false)) }
      defer { for (_, driver) in drivers { driver.stop() } }
      for _ in 0..<(Self.patience * 10) {
        try await loop.sleep(milliseconds: 100)
        if drivers.allSatisfy({ $1.state.ended == $0.connections }) { break }
      }
      for (attack, driver) in drivers {
        let report = driver.stop()
        #expect(report.ended == attack.connections, "\(attack.door) \(attack.name): \(report)")
        #expect(report.longestMilliseconds < 30_000, "\(attack.door) \(attack.name): \(report)")
      }
      for door in Attack.Door.allCases { try await expectService(target, door, on: loop) }
    }
  }

  /// While memory is short, most requests of a client wait for the answers of the few before them: all of them are its doing, and are not given
  /// up a few at a time.
  @Test func slowReadersAreEndedAtOnceWhileMemoryIsShort() async throws {
    var limits = HTTPServerLimits()
    limits.heldBytesMax = 256 << 10
    limits.stallMilliseconds = 4_000
    try await withTarget(httpLimits: limits) { target, loop in
      let attack = try #require(Attack.all.first { $0.door == .http && $0.name == "zero window" })
      let driver = AttackDriver(attack, port: target.httpPort, reopens: false)
      defer { driver.stop() }
      for _ in 0..<150 where driver.state.ended < attack.connections { try await loop.sleep(milliseconds: 100) }
      let report = driver.stop()
      #expect(report.ended == attack.connections, "\(report)")
      try await expectService(target, .http, on: loop)
    }
  }

  private func withTarget(
    httpLimits: HTTPServerLimits = HTTPServerLimits(), _ body: @escaping @Sendable (Target, EventLoop) async throws -> Void
  ) async throws {
    let (serverLoop, loop) = (try EventLoop(name: "target"), try EventLoop(name: "attack-test"))
    try serverLoop.start()
    try loop.start()
    defer {
      serverLoop.stop()
      loop.stop()
    }
    let target = try await serverLoop.run { try Target(loop: serverLoop, httpLimits: httpLimits) }
    let result: Result<Void, any Error>
    do { result = .success(try await loop.run { try await body(target, loop) }) } catch { result = .failure(error) }
    try await serverLoop.run { await target.close() }
    try result.get()
  }

  /// Others are still served.
  private func expectService(_ target: Target, _ door: Attack.Door, on loop: EventLoop) async throws {
    let client = SteadyClient(door, port: target.port(door), loop: loop)
    for _ in 0..<200 where client.succeeded <= 10 { try await loop.sleep(milliseconds: 50) }
    try await client.stop(on: loop)
    #expect(client.succeeded > 10 && client.failed == 0, "\(client.succeeded) calls succeeded, \(client.failed) failed")
  }
}

extension Attack: CustomTestStringConvertible {
  public var testDescription: String { "\(door): \(name)" }
}

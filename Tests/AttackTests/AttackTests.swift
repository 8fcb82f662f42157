import AttackKit
import EventLoops
import HTTPServer
import RPC
import Testing

/// Every attack for a moment, against both servers with their defaults. The long form, with what a well-behaved client keeps of its
/// throughput, is `make attack`.
///
/// Times are those of a machine that has nothing else to do: what the loops lost to others (`Starvation`) is added.
@Suite("Attacks", .serialized, .timeLimit(.minutes(10)))
struct AttackTests {
  private static let floodMilliseconds = 5_000
  private static let slowMilliseconds = 30_000
  private static let grownBytesMax = 64 << 20
  /// Of one slow attack. With all of theirs, all at once, a test would measure how fast one processor is.
  private static let slowConnectionsMax = 16

  @Test(arguments: Attack.all.filter { !$0.isSlow }) func floodIsEnded(_ attack: Attack) async throws {
    try await withTarget { stage in
      let before = try #require(Memory.residentBytes())
      let driver = AttackDriver(attack, port: stage.target.port(attack.door))
      defer { driver.stop() }
      var grown = 0
      // A second, or longer on a machine that is busy with other things.
      var passed = 0
      while passed < 1_000 || (driver.state.ended < attack.connections && passed < stage.limit(Self.floodMilliseconds) + 1_000) {
        try await stage.loop.sleep(milliseconds: 100)
        passed += 100
        grown = max(grown, (Memory.residentBytes() ?? 0) - before)
      }
      let report = driver.stop()
      let seen = stage.describe(attack, report, grown)
      #expect(report.ended >= attack.connections, "not all of \(attack.connections) connections were ended: \(seen)")
      #expect(report.longestMilliseconds < stage.limit(Self.floodMilliseconds), "a connection lived too long: \(seen)")
      #expect(grown < Self.grownBytesMax || Sanitizer.isOn, "memory grew too much: \(seen)")
      try await stage.expectService(attack.door)
    }
  }

  /// All those of a door at once, since each takes its time.
  @Test(arguments: Attack.Door.allCases) func slowClientsAreEnded(_ door: Attack.Door) async throws {
    try await withTarget { stage in
      let slow = Attack.all(door).filter(\.isSlow).map { attack in
        var some = attack
        some.connections = min(attack.connections, Self.slowConnectionsMax)
        return some
      }
      let drivers = slow.map { ($0, AttackDriver($0, port: stage.target.port(door), reopens: false)) }
      defer { for (_, driver) in drivers { driver.stop() } }
      var passed = 0
      while drivers.contains(where: { $1.state.ended < $0.connections }), passed < stage.limit(Self.slowMilliseconds) + 1_000 {
        try await stage.loop.sleep(milliseconds: 100)
        passed += 100
      }
      for (attack, driver) in drivers {
        let report = driver.stop()
        let seen = stage.describe(attack, report, nil)
        #expect(report.ended == attack.connections, "not all of \(attack.connections) connections were ended: \(seen)")
        #expect(report.longestMilliseconds < stage.limit(Self.slowMilliseconds), "a connection lived too long: \(seen)")
      }
      try await stage.expectService(door)
    }
  }

  /// While memory is short, most requests of a client wait for the answers of the few before them: all of them are its doing, and are not given
  /// up a few at a time.
  @Test(arguments: Attack.Door.allCases) func slowReadersAreEndedAtOnceWhileMemoryIsShort(_ door: Attack.Door) async throws {
    var limits = HTTPServerLimits()
    limits.heldBytesMax = 256 << 10
    limits.stallMilliseconds = 4_000
    var configuration = RPCServerConfiguration()
    configuration.heldBytesMax = 256 << 10
    configuration.stallMilliseconds = 4_000
    try await withTarget(rpc: configuration, httpLimits: limits) { stage in
      let attack = try #require(Attack.all(door).first { $0.name == "zero window" })
      let driver = AttackDriver(attack, port: stage.target.port(door), reopens: false)
      defer { driver.stop() }
      var passed = 0
      while driver.state.ended < attack.connections, passed < stage.limit(15_000) {
        try await stage.loop.sleep(milliseconds: 100)
        passed += 100
      }
      let report = driver.stop()
      #expect(report.ended == attack.connections, "\(stage.describe(attack, report, nil))")
      try await stage.expectService(door)
    }
  }

  private func withTarget(
    rpc: RPCServerConfiguration = RPCServerConfiguration(), httpLimits: HTTPServerLimits = HTTPServerLimits(),
    _ body: @escaping @Sendable (AttackStage) async throws -> Void
  ) async throws {
    let (serverLoop, loop) = (try EventLoop(name: "target"), try EventLoop(name: "attack-test"))
    try serverLoop.start()
    try loop.start()
    defer {
      serverLoop.stop()
      loop.stop()
    }
    let target = try await serverLoop.run { try Target(loop: serverLoop, rpc: rpc, httpLimits: httpLimits) }
    let stage = AttackStage(target: target, loop: loop, serverLoop: serverLoop)
    let result: Result<Void, any Error>
    do { result = .success(try await loop.run { try await body(stage) }) } catch { result = .failure(error) }
    stage.stop()
    try await serverLoop.run { await target.close() }
    try result.get()
  }
}

extension Attack: CustomTestStringConvertible {
  public var testDescription: String { "\(door): \(name)" }
}

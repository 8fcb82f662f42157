import AttackKit
import Glibc

/// One attack on servers in a process of their own, beside a client that behaves well.
///
/// What that client keeps is measured twice. By the clock: its calls per second; true where nothing else wants the machine. And by the server's
/// processor time: its calls per second of it, which other programs, the attacker's own work among them, do not change.
final class Trial {
  let attack: Attack
  private let target: Child
  private let client: Child
  private let port: UInt16
  private var driver: AttackDriver?
  private var memoryBefore = 0
  private var phase = Phase()
  private var beforeSeen = Rate()
  private(set) var during = Rate()
  private var afterSeen = Rate()
  private(set) var report = AttackDriver.Report()
  private(set) var grownMebibytes = 0
  /// Calls of the client that failed while the attack went on.
  private(set) var failedCalls = 0

  /// What the client did in a while.
  struct Rate {
    var calls = 0.0
    var seconds = 0.0
    var serverSeconds = 0.0
    var perSecond: Double { seconds > 0 ? calls / seconds : 0 }
    var perServerSecond: Double { serverSeconds > 0 ? calls / serverSeconds : 0 }

    static func + (one: Rate, other: Rate) -> Rate {
      Rate(calls: one.calls + other.calls, seconds: one.seconds + other.seconds, serverSeconds: one.serverSeconds + other.serverSeconds)
    }
  }

  /// Where it stood when a while began.
  private struct Phase {
    var succeeded = 0
    var failed = 0
    var seconds = 0.0
    var serverSeconds = 0.0
  }

  init(_ attack: Attack, program: String) {
    self.attack = attack
    target = Child(Processors.forServers + [program, "target"])
    let ports = target.numbers()
    guard ports.count == 2, let port = UInt16(exactly: ports[attack.door == .rpc ? 0 : 1]) else { fail("the target did not say its ports") }
    self.port = port
    client = Child(Processors.forClients + [program, "client", attack.door.rawValue, "\(port)"])
  }

  /// Without the attack: before it and after it.
  var alone: Rate { beforeSeen + afterSeen }
  var keptPercent: Int { Self.percent(during.perSecond, alone.perSecond) }
  var keptPercentOfServerTime: Int { Self.percent(during.perServerSecond, alone.perServerSecond) }

  private static func percent(_ part: Double, _ whole: Double) -> Int { whole > 0 ? Int((part / whole * 100).rounded()) : 0 }

  /// Reads the client's next line, ten times a second, and looks at the server's memory.
  func look() {
    _ = client.numbers()
    if driver != nil { grownMebibytes = max(grownMebibytes, ((Memory.residentBytes(of: target.processID) ?? 0) - memoryBefore) >> 20) }
  }

  func beginPhase() { phase = now() }

  func endBefore() { beforeSeen = passed() }

  func beginAttack() {
    memoryBefore = Memory.residentBytes(of: target.processID) ?? 0
    driver = AttackDriver(attack, port: port)
    beginPhase()
  }

  func endAttack() {
    let failedBefore = phase.failed
    during = passed()
    failedCalls = now().failed - failedBefore
    report = driver?.stop() ?? report
    driver = nil
  }

  func endAfter() { afterSeen = passed() }

  private func passed() -> Rate {
    let current = now()
    return Rate(
      calls: Double(current.succeeded - phase.succeeded), seconds: current.seconds - phase.seconds,
      serverSeconds: current.serverSeconds - phase.serverSeconds)
  }

  private func now() -> Phase {
    let answers = client.numbers()
    guard answers.count == 2 else { fail("the client said something else than two numbers") }
    return Phase(succeeded: answers[0], failed: answers[1], seconds: Clock.now(), serverSeconds: target.processorSeconds)
  }
}

import AttackKit
import Glibc

/// Runs attacks one after the other and prints a line about each.
struct AttackTable {
  let program: String
  let seconds: Int

  private static let memoryMebibytesMax = 64
  private static let keptPercentMin = 70
  /// Without an attack, before each: what the client does then is what it should keep.
  private static let baselineSeconds = 5

  private struct Outcome {
    var goneMilliseconds = 0
    var ended = 0
    var grownMebibytes = 0
    var before = 0.0
    var during = 0.0
    var failed = 0
    var keptPercent: Int { before > 0 ? Int((during / before * 100).rounded()) : 0 }
  }

  /// True if every goal was met.
  func run(_ attacks: [Attack]) -> Bool {
    say("Each attack for \(seconds) s. gone: the longest that a connection of the attacker lasted. memory: growth of the server's resident memory.")
    say("kept: calls per second of a well-behaved client, compared with \(Self.baselineSeconds) s before the attack.\n")
    say(Self.line("attack", "gone", "ended", "memory", "before", "during", "kept", ""))
    var isGood = true
    for attack in attacks {
      let outcome = run(attack)
      let goneMax = attack.isSlow ? 30_000 : 5_000
      var misses: [String] = []
      // A slow attack that is shorter than the server's patience shows nothing about it.
      if outcome.goneMilliseconds > goneMax || (outcome.ended == 0 && seconds * 1000 > goneMax) { misses.append("NOT GONE") }
      if outcome.grownMebibytes > Self.memoryMebibytesMax { misses.append("MEMORY") }
      if outcome.keptPercent < Self.keptPercentMin { misses.append("THROUGHPUT") }
      if outcome.failed > 0 { misses.append("\(outcome.failed) CALLS FAILED") }
      isGood = isGood && misses.isEmpty
      say(Self.line(
        "\(attack.door): \(attack.name)", "\(Double(outcome.goneMilliseconds / 10) / 100) s", "\(outcome.ended)", "\(outcome.grownMebibytes) MiB",
        "\(Int(outcome.before))/s", "\(Int(outcome.during))/s", "\(outcome.keptPercent) %", misses.joined(separator: ", ")))
    }
    return isGood
  }

  private func run(_ attack: Attack) -> Outcome {
    let target = Child([program, "target"])
    let ports = target.numbers()
    guard ports.count == 2, let port = UInt16(exactly: ports[attack.door == .rpc ? 0 : 1]) else { return Outcome() }
    let client = Child([program, "client", attack.door.rawValue, "\(port)"])
    var outcome = Outcome()
    // The first second warms up.
    _ = rate(client, seconds: 1)
    outcome.before = rate(client, seconds: Self.baselineSeconds).callsPerSecond
    let memory = Memory.residentBytes(of: target.processID) ?? 0
    let driver = AttackDriver(attack, port: port)
    let during = rate(client, seconds: seconds) {
      outcome.grownMebibytes = max(outcome.grownMebibytes, ((Memory.residentBytes(of: target.processID) ?? 0) - memory) >> 20)
    }
    let report = driver.stop()
    outcome.during = during.callsPerSecond
    outcome.failed = during.failed
    outcome.goneMilliseconds = report.longestMilliseconds
    outcome.ended = report.ended
    return outcome
  }

  private func rate(_ client: Child, seconds: Int, _ look: () -> Void = {}) -> (callsPerSecond: Double, failed: Int) {
    let first = client.numbers()
    let start = Self.now()
    var last = first
    while Self.now() - start < Double(seconds) {
      last = client.numbers()
      look()
    }
    guard first.count == 2, last.count == 2 else { return (0, 0) }
    return (Double(last[0] - first[0]) / (Self.now() - start), last[1] - first[1])
  }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static func line(_ name: String, _ columns: String...) -> String {
    func padded(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }
    return name + String(repeating: " ", count: max(0, 48 - name.count)) + columns.dropLast().map { padded($0, 10) }.joined()
      + "  " + (columns.last ?? "")
  }
}

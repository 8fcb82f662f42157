import AttackKit
import Glibc

/// Runs attacks and prints a line about each. Some go on at a time, each with servers and a client of its own: an attacker spends most of its
/// time waiting, as a slow one or until it may connect again.
struct AttackTable {
  let program: String
  let seconds: Int

  private static let memoryMebibytesMax = 64
  private static let keptPercentMin = 70
  private static let atOnce = 4
  /// Without an attack, before each and after it: what the client does then is what it should keep.
  private static let aloneSeconds = (before: 4, after: 3)

  /// True if every goal was met.
  func run(_ attacks: [Attack]) -> Bool {
    say("Each attack for \(seconds) s. gone: the longest that a connection of the attacker lasted. memory: growth of the server's resident memory.")
    say("kept: what a well-behaved client does beside the attack, in percent of what it does \(Self.aloneSeconds.before) s before and "
      + "\(Self.aloneSeconds.after) s after: calls per second, and calls per second of the server's processor time.\n")
    say(Self.line("attack", "gone", "ended", "memory", "alone", "kept", "kept/CPU", ""))
    var isGood = true
    var again: [Attack] = []
    for group in groups(attacks) {
      let trials = group.map { Trial($0, program: program) }
      carryOut(trials)
      for trial in trials {
        switch judge(trial) {
        case .met: break
        case .slowedDown where trials.count > 1: again.append(trial.attack)
        case .slowedDown, .missed: isGood = false
        }
      }
    }
    if !again.isEmpty { say("\nBeside others those slowed the client down by more than their part; alone:\n") }
    for attack in again {
      let trial = Trial(attack, program: program)
      carryOut([trial])
      isGood = judge(trial) == .met && isGood
    }
    return isGood
  }

  private enum Verdict { case met, slowedDown, missed }

  private func groups(_ attacks: [Attack]) -> [ArraySlice<Attack>] {
    [attacks.filter { !$0.isSlow }, attacks.filter(\.isSlow)].flatMap { alike in
      stride(from: 0, to: alike.count, by: Self.atOnce).map { alike[$0..<min($0 + Self.atOnce, alike.count)] }
    }
  }

  private func carryOut(_ trials: [Trial]) {
    // The first second warms up.
    watch(trials, seconds: 1)
    for trial in trials { trial.beginPhase() }
    watch(trials, seconds: Self.aloneSeconds.before)
    for trial in trials { trial.endBefore() }
    for trial in trials { trial.beginAttack() }
    watch(trials, seconds: seconds)
    for trial in trials { trial.endAttack() }
    // What the attack has left behind is cleared up.
    watch(trials, seconds: 1)
    for trial in trials { trial.beginPhase() }
    watch(trials, seconds: Self.aloneSeconds.after)
    for trial in trials { trial.endAfter() }
  }

  private func watch(_ trials: [Trial], seconds: Int) {
    let start = Clock.now()
    while Clock.now() - start < Double(seconds) {
      for trial in trials { trial.look() }
    }
  }

  /// Prints the line of one.
  private func judge(_ trial: Trial) -> Verdict {
    let report = trial.report
    let goneMax = trial.attack.isSlow ? 30_000 : 5_000
    var misses: [String] = []
    // A slow attack that is shorter than the server's patience shows nothing about it.
    if report.longestMilliseconds > goneMax || (report.ended == 0 && seconds * 1000 > goneMax) { misses.append("NOT GONE") }
    if trial.grownMebibytes > Self.memoryMebibytesMax { misses.append("MEMORY") }
    let isSlowedDown = max(trial.keptPercent, trial.keptPercentOfServerTime) < Self.keptPercentMin
    if isSlowedDown { misses.append("THROUGHPUT") }
    if trial.failedCalls > 0 { misses.append("\(trial.failedCalls) CALLS FAILED") }
    say(Self.line(
      "\(trial.attack.door): \(trial.attack.name)", "\(Double(report.longestMilliseconds / 10) / 100) s", "\(report.ended)",
      "\(trial.grownMebibytes) MiB", "\(Int(trial.alone.perSecond))/s", "\(trial.keptPercent) %", "\(trial.keptPercentOfServerTime) %",
      misses.joined(separator: ", ")))
    return misses.isEmpty ? .met : isSlowedDown && misses.count == 1 ? .slowedDown : .missed
  }

  private static func line(_ name: String, _ columns: String...) -> String {
    func padded(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }
    return name + String(repeating: " ", count: max(0, 48 - name.count)) + columns.dropLast().map { padded($0, 10) }.joined()
      + "  " + (columns.last ?? "")
  }
}

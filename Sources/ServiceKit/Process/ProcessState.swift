import EventLoops
import Foundation

/// How far a program has come, and whether it could work right now. Any thread.
final class ProcessState: @unchecked Sendable {
  private let lock = NSLock()
  private var started = false
  private var stopping = false
  private var waiting: String?
  private var checks: [ReadinessCheck] = []
  private var loop: EventLoop?
  private var peers: @Sendable () -> [String] = { [] }
  /// Longest that one check may take.
  private let checkMilliseconds: UInt64

  init(checkMilliseconds: UInt64 = 2_000) {
    self.checkMilliseconds = checkMilliseconds
  }

  var isStarted: Bool {
    get { lock.withLock { started } }
    set { lock.withLock { started = newValue } }
  }

  var isStopping: Bool {
    get { lock.withLock { stopping } }
    set { lock.withLock { stopping = newValue } }
  }

  /// What the start waits for.
  var waitingFor: String? {
    get { lock.withLock { waiting } }
    set { lock.withLock { waiting = newValue } }
  }

  /// - Parameter peers: a line for each service that is called; run on `loop`. Told, and no obstacle: one that is away must not
  ///   take its callers along.
  func setChecks(_ checks: [ReadinessCheck], on loop: EventLoop, peers: @escaping @Sendable () -> [String] = { [] }) {
    lock.withLock {
      self.checks = checks
      self.loop = loop
      self.peers = peers
    }
  }

  /// What keeps the program from being ready; empty for nothing.
  func obstacles() async -> [String] { await look().obstacles }

  /// What keeps the program from being ready, and how every dependency is.
  func look() async -> (obstacles: [String], notes: [String]) {
    if isStopping { return (["stopping"], []) }
    guard isStarted else { return (["starting" + (waitingFor.map { ", waiting: \($0)" } ?? "")], []) }
    let (checks, loop, peers) = lock.withLock { (self.checks, self.loop, self.peers) }
    guard let loop else { return ([], []) }
    var obstacles: [String] = []
    var notes: [String] = []
    for check in checks {
      guard let obstacle = await obstacle(check, on: loop) else {
        notes.append("\(check.name): ok")
        continue
      }
      if check.isRequired { obstacles.append(obstacle) } else { notes.append(obstacle + " (works without, slower)") }
    }
    let told = try? await loop.withTimeout(milliseconds: checkMilliseconds) { peers() }
    return (obstacles, notes + (told ?? []))
  }

  private func obstacle(_ check: ReadinessCheck, on loop: EventLoop) async -> String? {
    // Not `try?`: its nil would mean both "fine" and "no answer".
    do {
      return try await loop.withTimeout(milliseconds: checkMilliseconds) { await check.check() }.map { "\(check.name): \($0)" }
    } catch {
      return "\(check.name): no answer within \(checkMilliseconds) ms"
    }
  }
}

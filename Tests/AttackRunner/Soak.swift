import AttackKit
import Glibc

/// Half of the load that the servers can take, for a long time: memory and descriptors must stay what they were.
struct Soak {
  let program: String
  let minutes: Int

  /// Resident memory may differ by this much from what it was after the warm-up.
  private static let grownPercentMax = 5.0
  private static let lookSeconds = 15

  /// True if nothing grew.
  func run() -> Bool {
    let target = Child([program, "target"])
    let ports = target.numbers().map(String.init)
    guard ports.count == 2 else { fail("the target did not say its ports") }
    let doors = Attack.Door.allCases
    let rates = zip(doors, ports).map { door, port in full(door, port) / 4 }
    say("half load: " + zip(doors, rates).map { "\($0) \($1) calls/s" }.joined(separator: ", ") + "; \(minutes) minutes")
    let descriptorsBefore = descriptors(of: target.processID)
    var clients = zip(zip(doors, ports), rates).map { Child([program, "client", $0.0.rawValue, $0.1, "\($1)"]) }
    let seconds = minutes * 60
    let warmUp = max(60, seconds / 10)
    var settled = 0
    var largestChange = 0.0
    let start = Clock.now()
    var nextLook = start + Double(Self.lookSeconds)
    var answers = [0, 0]
    while Clock.now() - start < Double(seconds) {
      let seen = clients.map { $0.numbers() }
      guard Clock.now() >= nextLook else { continue }
      nextLook += Double(Self.lookSeconds)
      answers = seen.map { $0.first ?? 0 }
      let resident = Memory.residentBytes(of: target.processID) ?? 0
      let passed = Int(Clock.now() - start)
      if passed >= warmUp {
        if settled == 0 { settled = resident }
        let change = Double(resident - settled) / Double(settled) * 100
        if abs(change) > abs(largestChange) { largestChange = change }
      }
      say("\(passed) s: \(resident >> 10) KiB resident, \(descriptors(of: target.processID)) descriptors, \(answers) answers, "
        + "\(seen.map { $0.last ?? 0 }) failures")
    }
    clients = []
    usleep(2_000_000)
    let descriptorsAfter = descriptors(of: target.processID)
    say("memory after the warm-up of \(warmUp) s: \(settled >> 10) KiB; furthest from it: \((largestChange * 100).rounded() / 100) %. "
      + "descriptors: \(descriptorsBefore) before, \(descriptorsAfter) after.")
    return largestChange <= Self.grownPercentMax && descriptorsAfter <= descriptorsBefore && answers.allSatisfy { $0 > 0 }
  }

  /// Calls per second when nothing holds the client back.
  private func full(_ door: Attack.Door, _ port: String) -> Int {
    let client = Child([program, "client", door.rawValue, port])
    for _ in 0..<10 { _ = client.numbers() }
    let (first, start) = (client.numbers(), Clock.now())
    var last = first
    for _ in 0..<30 { last = client.numbers() }
    return Int(Double((last.first ?? 0) - (first.first ?? 0)) / (Clock.now() - start))
  }

  private func descriptors(of process: pid_t) -> Int {
    guard let directory = opendir("/proc/\(process)/fd") else { return 0 }
    defer { closedir(directory) }
    var count = 0
    while readdir(directory) != nil { count += 1 }
    return count
  }
}

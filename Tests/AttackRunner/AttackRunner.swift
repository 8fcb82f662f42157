import AttackKit
import EventLoops
import Glibc

/// `attack run SECONDS [NAME]`: every attack whose name contains NAME (`A|B`: one of them), for SECONDS each, against servers in a process of
/// their own; prints a table and fails if a goal is missed. `attack soak MINUTES`: half load on both servers, memory and descriptors watched.
/// (`attack target` and `attack client DOOR PORT` are those processes.)
@main
struct AttackRunner {
  static func main() async throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    switch arguments.first {
    case "target": try await serve()
    case "client":
      guard arguments.count >= 3, let door = Attack.Door(rawValue: arguments[1]), let port = UInt16(arguments[2]) else { usage() }
      try await callForEver(door, port, perSecond: arguments.count > 3 ? Int(arguments[3]) : nil)
    case "soak":
      guard arguments.count == 2, let minutes = Int(arguments[1]), minutes > 0 else { usage() }
      exit(Soak(program: CommandLine.arguments[0], minutes: minutes).run() ? 0 : 1)
    case "run":
      guard arguments.count > 1, let seconds = Int(arguments[1]), seconds > 0 else { usage() }
      let wanted = arguments.dropFirst(2).joined(separator: " ").split(separator: "|")
      let attacks = Attack.all.filter { attack in wanted.isEmpty || wanted.contains { "\(attack.door): \(attack.name)".contains($0) } }
      guard !attacks.isEmpty else { usage() }
      let isGood = AttackTable(program: CommandLine.arguments[0], seconds: seconds).run(attacks)
      exit(isGood ? 0 : 1)
    default: usage()
    }
  }

  private static func usage() -> Never {
    fail("usage: attack run SECONDS [NAME] | attack soak MINUTES", code: 2)
  }

  /// Prints its two ports and serves until standard input ends.
  private static func serve() async throws {
    let loop = try EventLoop(name: "target")
    try loop.start()
    let target = try await loop.run {
      // As every service does.
      loop.trimMemory()
      return try Target(loop: loop)
    }
    say("\(target.rpcPort) \(target.httpPort)")
    while readLine() != nil {}
    exit(0)
  }

  /// Prints the number of its answers so far ten times a second.
  private static func callForEver(_ door: Attack.Door, _ port: UInt16, perSecond: Int?) async throws {
    let loop = try EventLoop(name: "client")
    try loop.start()
    try await loop.run {
      let client = SteadyClient(door, port: port, loop: loop, perSecond: perSecond)
      while true {
        try await loop.sleep(milliseconds: 100)
        say("\(client.succeeded) \(client.failed)")
      }
    }
  }
}

/// Prints a line at once, whatever standard output is.
func say(_ line: String) {
  print(line)
  fflush(nil)
}

func fail(_ reason: String, code: Int32 = 1) -> Never {
  let line = Array("attack: \(reason)\n".utf8)
  write(STDERR_FILENO, line, line.count)
  exit(code)
}

import Foundation

/// A program started with an empty signal mask and three descriptors of its own.
///
/// `Foundation.Process` hands on the mask of the thread that calls it, which blocks SIGTERM on dispatch's threads:
/// a server started so cannot be stopped.
struct ChildProcess: Sendable {
  struct StartError: Error, CustomStringConvertible {
    let description: String
  }

  let processID: pid_t

  init(_ command: [String], input: Int32, output: Int32) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, output, 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    // A group of its own, so that Ctrl-C in a terminal reaches the tests and not the servers they still use.
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
    var arguments = command.map { strdup($0) } + [nil]
    defer { arguments.forEach { free($0) } }
    var started = pid_t()
    let status = posix_spawnp(&started, command.first ?? "", &actions, &attributes, &arguments, environ)
    guard status == 0 else { throw StartError(description: "cannot start \(command.first ?? "nothing"): \(String(cString: strerror(status)))") }
    processID = started
  }

  /// Waits until it has ended. Its exit code; negative for the signal that ended it.
  @discardableResult
  func wait() -> Int32 {
    var status: Int32 = 0
    while waitpid(processID, &status, 0) < 0 {
      guard errno == EINTR else { return 0 }
    }
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
  }

  /// Runs a program to its end. Throws with what it printed unless it succeeds.
  static func run(_ command: [String]) throws {
    let file = tmpfile()
    defer { if let file { fclose(file) } }
    guard let file else { throw StartError(description: "no temporary file can be made") }
    let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
    defer { close(null) }
    let code = try ChildProcess(command, input: null, output: fileno(file)).wait()
    guard code != 0 else { return }
    rewind(file)
    var text = [UInt8](repeating: 0, count: 4_000)
    let count = fread(&text, 1, text.count, file)
    throw StartError(description: "\(command.prefix(8).joined(separator: " ")) failed (\(code)): \(String(decoding: text[..<count], as: UTF8.self))")
  }
}

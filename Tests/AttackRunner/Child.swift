import Glibc

/// A process of this program that prints lines; it ends with its standard input, or with this object.
final class Child {
  let processID: pid_t
  private let input: Int32
  private let output: Int32
  private var text: [UInt8] = []

  init(_ command: [String]) {
    var (toChild, fromChild): ([Int32], [Int32]) = ([0, 0], [0, 0])
    guard pipe(&toChild) == 0, pipe(&fromChild) == 0 else { fail("no pipe") }
    for descriptor in toChild + fromChild { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
    posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
    var arguments = command.map { strdup($0) } + [nil]
    defer { arguments.forEach { free($0) } }
    var started = pid_t()
    guard posix_spawn(&started, command.first ?? "", &actions, nil, &arguments, environ) == 0 else { fail("cannot start \(command)") }
    close(toChild[0])
    close(fromChild[1])
    processID = started
    input = toChild[1]
    output = fromChild[0]
  }

  deinit {
    close(input)
    close(output)
    kill(processID, SIGKILL)
    waitpid(processID, nil, 0)
  }

  /// What it has computed so far, on all its threads.
  var processorSeconds: Double { Clock.processorSeconds(of: processID) }

  /// The numbers of its next line.
  func numbers() -> [Int] {
    while true {
      if let end = text.firstIndex(of: 10) {
        let line = String(decoding: text[..<end], as: UTF8.self)
        text.removeSubrange(...end)
        return line.split(separator: " ").compactMap { Int($0) }
      }
      var piece = [UInt8](repeating: 0, count: 4096)
      let count = read(output, &piece, piece.count)
      guard count > 0 else { fail("process \(processID) has ended") }
      text += piece[..<count]
    }
  }
}

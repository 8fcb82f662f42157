import Foundation
import Synchronization

/// A server program that belongs to this test process: it ends, and its directory goes, when the process does, however that ends.
///
/// Between the two stands a small shell: it reads a line that only the test process holds open, and stops the server at its end.
final class PrivateServer: Sendable {
  private struct State {
    var shell: ChildProcess
    /// The writing end of the line; -1 once closed.
    var lifeline: Int32
  }

  let directory: String
  private let command: [String]
  private let stopSignal: String
  private let state: Mutex<State>

  /// - Parameters:
  ///   - command: Program and arguments. Its output goes to `log` in `directory`.
  ///   - directory: Removed when the test process has ended.
  ///   - stopSignal: Its name without SIG.
  init(command: [String], directory: String, stopSignal: String) throws {
    self.command = command
    self.directory = directory
    self.stopSignal = stopSignal
    state = Mutex(try Self.launch(command, directory: directory, stopSignal: stopSignal))
  }

  private static let script = """
    directory=$1 signal=$2; shift 2
    "$@" </dev/null >>"$directory/log" 2>&1 &
    server=$!
    echo "$server" >"$directory/pid"
    read -r order || order=remove
    kill -s "$signal" "$server" 2>/dev/null
    wait "$server"
    [ "$order" = keep ] || rm -rf "$directory"
    """

  private static func launch(_ command: [String], directory: String, stopSignal: String) throws -> State {
    unlink("\(directory)/pid")
    var ends: [Int32] = [-1, -1]
    // A pair of sockets rather than a pipe: it can be made so that no other child inherits it.
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw ChildProcess.StartError(description: "no socket can be made")
    }
    let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
    defer {
      close(ends[0])
      close(null)
    }
    let shell = try ChildProcess(["/bin/sh", "-c", script, "private-server", directory, stopSignal] + command, input: ends[0], output: null)
    return State(shell: shell, lifeline: ends[1])
  }

  /// The process id of the server program itself.
  var processID: pid_t? {
    (try? String(contentsOfFile: "\(directory)/pid", encoding: .utf8)).flatMap { pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }

  /// The program was started and has not ended.
  var isRunning: Bool {
    for _ in 0..<100 where processID == nil { usleep(10_000) }
    return processID.map { kill($0, 0) == 0 || errno == EPERM } ?? false
  }

  var log: String { (try? String(contentsOfFile: "\(directory)/log", encoding: .utf8)) ?? "" }

  /// Sends a signal to the server program: SIGKILL for a crash, SIGSTOP and SIGCONT to freeze and thaw it.
  func send(signal: Int32) {
    if let processID { kill(processID, signal) }
  }

  /// Starts the program again at the same place, once it has ended.
  func restart() throws {
    try state.withLock { state in
      Self.end(&state, order: "keep\n")
      state = try Self.launch(command, directory: directory, stopSignal: stopSignal)
    }
  }

  /// Stops it and removes its directory. Fine twice.
  func stop() {
    // A frozen server would not see the signal.
    send(signal: SIGCONT)
    state.withLock { Self.end(&$0, order: "") }
  }

  private static func end(_ state: inout State, order: String) {
    guard state.lifeline >= 0 else { return }
    _ = write(state.lifeline, order, order.utf8.count)
    close(state.lifeline)
    state.lifeline = -1
    state.shell.wait()
  }

  /// A new directory under `base`, only for its owner.
  static func makeDirectory(prefix: String, under base: String = "/tmp") throws -> String {
    var template = Array("\(base)/\(prefix).XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw ChildProcess.StartError(description: "no directory can be made in \(base)") }
    return String(cString: made)
  }

  /// Waits until `isReady` or until the time is over.
  func waitUntil(seconds: Double, _ isReady: () -> Bool) throws {
    let end = Date(timeIntervalSinceNow: seconds)
    while !isReady() {
      guard Date() < end else {
        throw ChildProcess.StartError(description: "\(command.first ?? "a server") was not ready within \(seconds) s:\n\(log.suffix(2_000))")
      }
      usleep(20_000)
    }
  }
}

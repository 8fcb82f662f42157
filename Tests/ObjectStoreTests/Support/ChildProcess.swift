import Foundation
import Synchronization

/// A program that a test runs and stops itself.
final class ChildProcess: Sendable {
  private let process: Mutex<Process>

  init(_ program: String, _ arguments: [String], environment: [String: String] = [:], in directory: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: directory)
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let log = "\(directory)/server.log"
    _ = FileManager.default.createFile(atPath: log, contents: nil)
    let output = FileHandle(forWritingAtPath: log)
    process.standardOutput = output
    process.standardError = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    self.process = Mutex(process)
  }

  var isRunning: Bool { process.withLock { $0.isRunning } }

  /// Asks it to end, and insists after two seconds.
  func stop() {
    process.withLock { process in
      guard process.isRunning else { return }
      process.terminate()
      let deadline = Date().addingTimeInterval(2)
      while process.isRunning, Date() < deadline { usleep(20_000) }
      if process.isRunning { kill(process.processIdentifier, SIGKILL) }
      process.waitUntilExit()
    }
  }
}

/// Things that tests need from the machine.
enum TestMachine {
  /// The project's Python, with moto, botocore and rclone beside it.
  static let python = ProcessInfo.processInfo.environment["JETTY_TEST_PYTHON"] ?? "/usr/bin/python3"

  static var rclone: String {
    ProcessInfo.processInfo.environment["JETTY_RCLONE"]
      ?? URL(fileURLWithPath: python).deletingLastPathComponent().appendingPathComponent("rclone").path
  }

  /// A directory of its own for `body`, deleted afterwards.
  static func withDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("jetty-objects-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
  }

  /// A port that nobody listens on at this moment.
  static func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0 }
    }
    guard bound else { throw CocoaError(.featureUnsupported) }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}

import Foundation

/// The Python programs beside these tests, run by the interpreter that `make install` set up.
struct PythonPeer {
  struct Missing: Error, CustomStringConvertible {
    let description = "no Python with grpcio: run `make install`, or set JETTY_TEST_PYTHON"
  }

  private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static func interpreter() throws -> URL {
    if let told = ProcessInfo.processInfo.environment["JETTY_TEST_PYTHON"] { return URL(fileURLWithPath: told) }
    let clone = tests.deletingLastPathComponent().path
    let shared = "/var/lib/jetty-dev"
    let environments =
      ["\(clone)/.jetty/venv"]
      + ((try? FileManager.default.contentsOfDirectory(atPath: shared)) ?? []).sorted().filter { $0.hasPrefix("venv") }.map { "\(shared)/\($0)" }
    for environment in environments {
      let python = "\(environment)/bin/python"
      if FileManager.default.isExecutableFile(atPath: python) { return URL(fileURLWithPath: python) }
    }
    throw Missing()
  }

  private static func process(_ script: String, _ arguments: [String]) throws -> Process {
    let process = Process()
    process.executableURL = try interpreter()
    process.arguments = [tests.appendingPathComponent("RPCPeers/\(script)").path] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(["GRPC_VERBOSITY": "ERROR"]) { _, new in new }
    return process
  }

  /// Runs a script to its end: its exit code and what it printed. Blocks; call it through `EventLoop.offload`.
  static func run(_ script: String, _ arguments: [String]) throws -> (code: Int32, output: String) {
    let process = try process(script, arguments)
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }

  /// A server that prints its port first and ends when its standard input does.
  final class Server: @unchecked Sendable {
    let port: UInt16
    private let process: Process
    private let input = Pipe()

    /// Blocks until the port is known.
    init(_ script: String) throws {
      process = try PythonPeer.process(script, [])
      let output = Pipe()
      process.standardOutput = output
      process.standardInput = input
      try process.run()
      var line = ""
      while !line.hasSuffix("\n") {
        let data = output.fileHandleForReading.readData(ofLength: 1)
        if data.isEmpty { throw Missing() }
        line += String(decoding: data, as: UTF8.self)
      }
      guard let port = UInt16(line.dropLast()) else { throw Missing() }
      self.port = port
    }

    func stop() {
      try? input.fileHandleForWriting.close()
      process.waitUntilExit()
    }
  }
}

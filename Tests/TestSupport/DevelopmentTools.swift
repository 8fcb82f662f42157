import Foundation

/// Where `make install` put the programs that tests need. `make test` says so by environment variables; a plain `swift test` looks around.
enum DevelopmentTools {
  /// The Python virtual environment of the development stack.
  static let directory: String? = {
    if let told = ProcessInfo.processInfo.environment["JETTY_VENV"] { return told }
    let clone = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
    let shared = "/var/lib/jetty-dev"
    let found = ((try? FileManager.default.contentsOfDirectory(atPath: shared)) ?? []).sorted().filter { $0.hasPrefix("venv") }
    let candidates = ["\(clone)/.jetty/venv"] + found.map { "\(shared)/\($0)" }
    return candidates.first { FileManager.default.fileExists(atPath: "\($0)/bin/python") }
  }()

  static var isRoot: Bool { geteuid() == 0 }
}

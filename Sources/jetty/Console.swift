import Foundation

/// The terminal: results go to standard output, everything else to standard error.
enum Console {
  static func result(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }
  static func result(json: [UInt8]) { result(String(decoding: json, as: UTF8.self)) }
  static func note(_ text: String) { write(text + "\n", to: STDERR_FILENO) }
  static func error(_ text: String) { write("jetty: \(text)\n", to: STDERR_FILENO) }
  static func raw(_ text: String) { write(text, to: STDERR_FILENO) }

  static var isInteractive: Bool { isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb" }

  /// Columns of the terminal; 80 where it does not say.
  static var width: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  private static func write(_ text: String, to descriptor: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      // Nobody reads any more, or the disk is full: there is nobody left to tell.
      guard count > 0 || (count < 0 && errno == EINTR) else { return }
      bytes = bytes.dropFirst(max(0, count))
    }
  }
}

/// Numbers as people read them.
enum Figures {
  /// Decimal units: `12 B`, `3.4 MB`, `1.07 GB`.
  static func bytes(_ count: UInt64) -> String {
    var value = Double(count)
    guard value >= 1_000 else { return "\(count) B" }
    for unit in ["kB", "MB", "GB", "TB", "PB"] {
      value /= 1_000
      if value < 999.5 || unit == "PB" { return "\(fixed(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0)) \(unit)" }
    }
    return "\(count) B"
  }

  /// `1 chunk`, `2 chunks`.
  static func count(_ number: Int, _ what: String) -> String { "\(number) \(what)\(number == 1 ? "" : "s")" }

  static func rate(_ bytesPerSecond: Double) -> String { "\(bytes(UInt64(max(0, min(bytesPerSecond, 1e18)))))/s" }

  /// `7 s`, `3 min 20 s`, `2 h 5 min`.
  static func duration(_ seconds: UInt64) -> String {
    if seconds < 60 { return "\(seconds) s" }
    if seconds < 3_600 { return "\(seconds / 60) min \(seconds % 60) s" }
    return "\(seconds / 3_600) h \(seconds % 3_600 / 60) min"
  }

  static func fixed(_ value: Double, _ places: Int) -> String { String(format: "%.\(places)f", value) }

  static func padded(_ text: String, _ width: Int) -> String {
    text.count >= width ? text : text + String(repeating: " ", count: width - text.count)
  }
}

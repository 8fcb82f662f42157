import EventLoops
import Foundation
import Glibc

/// Which values a setting takes.
public enum SettingKind: Sendable {
  case text
  /// `host:port` to listen on, with an IP address or `localhost`.
  case address
  case integer(ClosedRange<Int>)
  case number(ClosedRange<Double>)
  case boolean
  case choice([String])
  /// A file that can be read.
  case file
  /// A directory that can be written to.
  case directory
  /// A form of its own; the closure says what is wrong with a value, without repeating it.
  case form(String, @Sendable (String) -> String?)

  /// What is wrong with `value`; nil for nothing. Ends a sentence that begins with the setting's name.
  func complaint(about value: String) -> String? {
    let shown = "\"\(value.prefix(80))\""
    switch self {
    case .text:
      return nil
    case .address:
      return Self.address(value) == nil ? "must be an IP address and a port such as 0.0.0.0:7001, not \(shown)" : nil
    case .integer(let range):
      guard let number = Int(value), range.contains(number) else {
        return "must be a whole number from \(range.lowerBound) to \(range.upperBound), not \(shown)"
      }
      return nil
    case .number(let range):
      guard let number = Double(value), range.contains(number) else {
        return "must be a number from \(range.lowerBound) to \(range.upperBound), not \(shown)"
      }
      return nil
    case .boolean:
      return Self.boolean(value) == nil ? "must be true or false, not \(shown)" : nil
    case .choice(let words):
      return words.contains(value) ? nil : "must be one of \(words.joined(separator: ", ")), not \(shown)"
    case .file:
      var isDirectory: ObjCBool = false
      guard FileManager.default.fileExists(atPath: value, isDirectory: &isDirectory) else { return "names a file that does not exist: \(value)" }
      if isDirectory.boolValue { return "names a directory, not a file: \(value)" }
      return access(value, R_OK) == 0 ? nil : "names a file that cannot be read: \(value)"
    case .directory:
      var isDirectory: ObjCBool = false
      guard FileManager.default.fileExists(atPath: value, isDirectory: &isDirectory), isDirectory.boolValue else {
        return "must be a directory that exists, not \(shown)"
      }
      return access(value, W_OK) == 0 ? nil : "is a directory that cannot be written to: \(value)"
    case .form(_, let check):
      return check(value)
    }
  }

  /// For the reference and `--help`: `1 – 100`, `host:port`.
  public var values: String {
    switch self {
    case .text: "text"
    case .address: "IP address and port"
    case .integer(let range): "\(range.lowerBound) – \(range.upperBound)"
    case .number(let range): "\(range.lowerBound) – \(range.upperBound)"
    case .boolean: "true, false"
    case .choice(let words): words.joined(separator: ", ")
    case .file: "path of a file"
    case .directory: "path of a directory"
    case .form(let form, _): form
    }
  }

  static func address(_ text: String) -> SocketAddress? {
    SocketAddress(text.hasPrefix("localhost:") ? "127.0.0.1:" + text.dropFirst(10) : text)
  }

  static func boolean(_ text: String) -> Bool? {
    switch text.lowercased() {
    case "true", "yes", "1", "on": true
    case "false", "no", "0", "off": false
    default: nil
    }
  }
}

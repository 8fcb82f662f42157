import Configuration
import EventLoops
import Foundation
import SystemPackage

/// The configuration of one process: flags over environment over file over defaults.
///
/// Reading never throws: a mistake gives the default (or an empty value) and is remembered, so that ``check()`` names all of
/// them at once.
public final class Settings: @unchecked Sendable {
  private let reader: ConfigReader
  private let keys: [String: SettingKey]
  private var mistakes: [String] = []
  private let lock = NSLock()

  /// - Parameter keys: everything this process takes; a flag that is none of them is a mistake.
  public init(
    keys: [SettingKey], arguments: [String] = CommandLine.arguments,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) async {
    self.keys = Dictionary(keys.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var providers: [any ConfigProvider] = [
      CommandLineArgumentsProvider(arguments: arguments),
      EnvironmentVariablesProvider(environmentVariables: environment).prefixKeys(with: "jetty"),
    ]
    var found: [String] = []
    if let path = ConfigReader(providers: providers).string(forKey: "config"), !path.isEmpty {
      do {
        providers.append(try await FileProvider<JSONSnapshot>(filePath: FilePath(path)))
      } catch {
        found.append("config: cannot read \(path): \(error)")
      }
    }
    reader = ConfigReader(providers: providers)
    mistakes = found + Self.unknownFlags(arguments, keys: self.keys)
  }

  // MARK: Reading

  /// The text of a setting; nil where nobody set it and it has no default.
  public func optional(_ key: SettingKey) -> String? {
    precondition(keys[key.name] != nil, "\(key.name) is not among the settings of this process")
    if let text = reader.string(forKey: ConfigKey(key.name), isSecret: key.isSecret), !text.isEmpty { return text }
    if key.isSecret, let path = reader.string(forKey: ConfigKey(key.name + ".file")), !path.isEmpty { return secret(key, path) }
    return key.defaultValue
  }

  /// The text of a setting that must be there.
  public func required(_ key: SettingKey) -> String {
    if let text = optional(key) { return text }
    complain(key, "is needed: \(key.summary)")
    return ""
  }

  public func integer(_ key: SettingKey, in range: ClosedRange<Int>) -> Int {
    let text = required(key)
    guard let number = Int(text), range.contains(number) else {
      if !text.isEmpty { complain(key, "must be a whole number from \(range.lowerBound) to \(range.upperBound), not \"\(text)\"") }
      return range.lowerBound
    }
    return number
  }

  /// A socket address to listen on: `host:port` with an IP address or `localhost`.
  public func address(_ key: SettingKey) -> SocketAddress {
    let text = required(key)
    let literal = text.hasPrefix("localhost:") ? "127.0.0.1:" + text.dropFirst(10) : text
    if let address = SocketAddress(literal) { return address }
    if !text.isEmpty { complain(key, "must be an IP address and a port such as 0.0.0.0:7001, not \"\(text)\"") }
    return .loopback(port: 0)
  }

  public func boolean(_ key: SettingKey) -> Bool {
    switch required(key).lowercased() {
    case "true", "yes", "1", "on": return true
    case "false", "no", "0", "off": return false
    case let other:
      complain(key, "must be true or false, not \"\(other)\"")
      return false
    }
  }

  /// Notes a mistake in a setting that only its reader could see.
  public func complain(_ key: SettingKey, _ text: String) {
    lock.withLock { mistakes.append("\(key.name) \(text) (\(key.flag), \(key.environmentVariable))") }
  }

  /// - Throws: `SettingsError` with every mistake so far.
  public func check() throws {
    let found = lock.withLock { mistakes }
    guard found.isEmpty else { throw SettingsError(mistakes: found) }
  }

  private func secret(_ key: SettingKey, _ path: String) -> String? {
    guard let bytes = FileManager.default.contents(atPath: path) else {
      complain(key, "cannot be read from \(path)")
      return nil
    }
    return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static func unknownFlags(_ arguments: [String], keys: [String: SettingKey]) -> [String] {
    let known = Set(keys.values.flatMap { $0.isSecret ? [$0.flag, $0.flag + "-file"] : [$0.flag] })
    return arguments.dropFirst().filter { $0.hasPrefix("--") }
      .map { String($0.prefix { $0 != "=" }) }
      .filter { !known.contains($0) }
      .map { "\($0) is no flag of this program; --help lists them" }
  }
}

/// The configuration cannot be used.
public struct SettingsError: Error, CustomStringConvertible {
  public let mistakes: [String]
  public var description: String { mistakes.map { "configuration: \($0)" }.joined(separator: "\n") }
}

import Configuration
import EventLoops
import Foundation

/// The configuration of one process: flags over environment over file over defaults.
///
/// Every value is checked when the settings are made. Reading never throws: a mistake gives the default (or an empty value) and is
/// remembered, so that ``check()`` names all of them at once.
public final class Settings: @unchecked Sendable {
  private let reader: ConfigReader
  private let keys: [String: SettingKey]
  private var mistakes: [String] = []
  private var fileSecrets: [String: String] = [:]
  private let lock = NSLock()

  /// - Parameters:
  ///   - program: as in the names of binaries, without `jetty-`; tells its names from those of others.
  ///   - keys: everything this process takes.
  public init(
    program: String = "", keys: [SettingKey], arguments: [String] = CommandLine.arguments,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    self.keys = Dictionary(keys.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let sources = SettingSources(names: SettingNames(program: program, keys: keys), arguments: arguments, environment: environment)
    reader = sources.reader
    mistakes = sources.mistakes
    for key in self.keys.values.sorted(by: { $0.name < $1.name }) { validate(key) }
  }

  private func validate(_ key: SettingKey) {
    if key.isSecret { readSecretFile(key) }
    guard let value = given(key) else {
      if key.isNeeded { complain(key, "is needed: \(key.summary)") }
      return
    }
    if let complaint = key.kind.complaint(about: value) { complain(key, complaint) }
  }

  // MARK: Reading

  /// The text of a setting; nil where nobody set it and it has no default.
  public func optional(_ key: SettingKey) -> String? { given(key) ?? key.defaultValue }

  /// The text of a setting that must be there.
  public func required(_ key: SettingKey) -> String {
    if let text = optional(key) { return text }
    complain(key, "is needed: \(key.summary)")
    return ""
  }

  /// Somebody set it.
  public func isGiven(_ key: SettingKey) -> Bool { given(key) != nil }

  /// The value of a setting of kind `integer`; 0 where it is neither set nor has a default.
  public func integer(_ key: SettingKey) -> Int {
    for text in [given(key), key.defaultValue] {
      if let text, key.kind.complaint(about: text) == nil, let number = Int(text) { return number }
    }
    return 0
  }

  /// As `integer(_:)`, within a narrower range.
  public func integer(_ key: SettingKey, in range: ClosedRange<Int>) -> Int {
    let text = required(key)
    guard let number = Int(text), range.contains(number) else {
      if !text.isEmpty { complain(key, "must be a whole number from \(range.lowerBound) to \(range.upperBound), not \"\(text.prefix(80))\"") }
      return range.lowerBound
    }
    return number
  }

  /// A socket address to listen on: `host:port` with an IP address or `localhost`.
  public func address(_ key: SettingKey) -> SocketAddress { SettingKind.address(required(key)) ?? .loopback(port: 0) }

  public func boolean(_ key: SettingKey) -> Bool { SettingKind.boolean(required(key)) ?? false }

  private func given(_ key: SettingKey) -> String? {
    precondition(keys[key.name] != nil, "\(key.name) is not among the settings of this process")
    if let text = reader.string(forKey: ConfigKey(key.name), isSecret: key.isSecret), !text.isEmpty { return text }
    return key.isSecret ? lock.withLock { fileSecrets[key.name] } : nil
  }

  private func readSecretFile(_ key: SettingKey) {
    guard let path = reader.string(forKey: ConfigKey(key.fileName)), !path.isEmpty else { return }
    if let text = reader.string(forKey: ConfigKey(key.name), isSecret: true), !text.isEmpty {
      return complain(key, "is given both directly and by a file: leave one of them out")
    }
    guard let bytes = FileManager.default.contents(atPath: path), bytes.count <= 64 << 10 else {
      return complain(key, "cannot be read from \(path)")
    }
    let text = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    if text.isEmpty { return complain(key, "is to be read from \(path), which is empty") }
    lock.withLock { fileSecrets[key.name] = text }
  }

  // MARK: Mistakes

  /// Notes a mistake in a setting that only its reader could see.
  public func complain(_ key: SettingKey, _ text: String) {
    note("\(key.name) \(text) (\(key.flag), \(key.environmentVariable))")
  }

  /// Notes settings that contradict each other.
  public func note(_ mistake: String) {
    lock.withLock { if !mistakes.contains(mistake) { mistakes.append(mistake) } }
  }

  /// - Throws: `SettingsError` with every mistake so far.
  public func check() throws {
    let found = lock.withLock { mistakes }
    guard found.isEmpty else { throw SettingsError(mistakes: found) }
  }
}

/// The configuration cannot be used.
public struct SettingsError: Error, CustomStringConvertible {
  public let mistakes: [String]
  public var description: String { mistakes.map { "configuration: \($0)" }.joined(separator: "\n") }
}

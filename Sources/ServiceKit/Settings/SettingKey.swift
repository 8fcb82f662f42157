/// One thing that can be configured: its name, what it means, and its value where nobody says anything.
///
/// `postgres.url` is the flag `--postgres-url`, the environment variable `JETTY_POSTGRES_URL` and the member
/// `postgres.url` (or the nested `{"postgres": {"url": …}}`) of the configuration file.
public struct SettingKey: Sendable, Hashable {
  public let name: String
  public let summary: String
  public let defaultValue: String?
  /// Never logged. May be given as `<name>.file` instead: the path of a file that holds it.
  public let isSecret: Bool

  public init(_ name: String, _ summary: String, default defaultValue: String? = nil, secret isSecret: Bool = false, needed isNeeded: Bool = false) {
    self.name = name
    self.summary = summary
    self.defaultValue = defaultValue
    self.isSecret = isSecret
    self.isNeeded = isNeeded
  }

  /// Without it the program cannot start.
  public let isNeeded: Bool

  public var flag: String { "--" + name.replacing(".", with: "-") }
  public var environmentVariable: String { "JETTY_" + name.uppercased().replacing(".", with: "_") }
}

extension String {
  fileprivate func replacing(_ old: Character, with new: Character) -> String { String(map { $0 == old ? new : $0 }) }
}

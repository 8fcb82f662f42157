/// One thing that can be configured: its name, what it means, which values it takes, and its value where nobody says anything.
///
/// `postgres.url` is the flag `--postgres-url`, the environment variable `JETTY_POSTGRES_URL` and the member
/// `postgres.url` (or the nested `{"postgres": {"url": …}}`) of the configuration file. The last word of a name says the unit of
/// a number: `ms`, `seconds`, `hours`, `days`, `bytes`, `mbps`; without one it is a count.
public struct SettingKey: Sendable, Hashable {
  public let name: String
  public let summary: String
  public let kind: SettingKind
  public let defaultValue: String?
  /// Never logged. May be given as `<name>.file` instead: the path of a file that holds it.
  public let isSecret: Bool
  /// Without it the program cannot start.
  public let isNeeded: Bool

  public init(
    _ name: String, _ summary: String, _ kind: SettingKind = .text, default defaultValue: String? = nil, secret isSecret: Bool = false,
    needed isNeeded: Bool = false
  ) {
    self.name = name
    self.summary = summary
    self.kind = kind
    self.defaultValue = defaultValue
    self.isSecret = isSecret
    self.isNeeded = isNeeded
  }

  public var flag: String { "--" + Self.replaced(name, with: "-") }
  public var environmentVariable: String { "JETTY_" + Self.replaced(name, with: "_").uppercased() }
  /// For secrets: the setting that names the file.
  var fileName: String { name + ".file" }

  static func replaced(_ name: String, with separator: Character) -> String { String(name.map { $0 == "." ? separator : $0 }) }

  public static func == (left: Self, right: Self) -> Bool { left.name == right.name }
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

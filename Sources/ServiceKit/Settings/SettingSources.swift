import Configuration
import Foundation
import JSON

/// Where the values of settings come from, and what is wrong with these places themselves: names that mean nothing, values
/// that are missing or of no usable type.
struct SettingSources {
  /// Flags, environment, file: the first that knows a name wins.
  let reader: ConfigReader
  let mistakes: [String]

  /// Largest configuration file.
  private static let fileBytesMax = 1 << 20

  init(names: SettingNames, arguments: [String], environment: [String: String]) {
    var mistakes = Self.flagMistakes(arguments, names)
    mistakes += Self.environmentMistakes(environment, names)
    var providers: [any ConfigProvider] = [
      CommandLineArgumentsProvider(arguments: arguments.filter { !SettingNames.switches.contains($0) }),
      EnvironmentVariablesProvider(environmentVariables: environment).prefixKeys(with: "jetty"),
    ]
    if let path = ConfigReader(providers: providers).string(forKey: "config"), !path.isEmpty {
      let (values, wrong) = Self.file(path, names)
      mistakes += wrong
      var known: [AbsoluteConfigKey: ConfigValue] = [:]
      for (name, value) in values {
        known[AbsoluteConfigKey(name.split(separator: ".").map { String($0) })] = ConfigValue(.string(value), isSecret: true)
      }
      providers.append(InMemoryProvider(name: "file", values: known))
    }
    reader = ConfigReader(providers: providers)
    self.mistakes = mistakes
  }

  // MARK: Flags

  private static func flagMistakes(_ arguments: [String], _ names: SettingNames) -> [String] {
    var mistakes: [String] = []
    var seen: Set<String> = []
    var rest = arguments.dropFirst()
    while let argument = rest.popFirst() {
      if SettingNames.switches.contains(argument) { continue }
      guard argument.hasPrefix("--") else {
        mistakes.append("\"\(argument.prefix(80))\" is neither a flag nor the value of one")
        continue
      }
      let flag = String(argument.prefix { $0 != "=" })
      guard names.flags.contains(flag) else {
        mistakes.append("\(flag.prefix(80)) is no flag of this program; --help lists them" + names.suggestion(for: flag, among: names.flags))
        if flag == argument, let next = rest.first, !next.hasPrefix("--") { rest.removeFirst() }
        continue
      }
      if !seen.insert(flag).inserted { mistakes.append("\(flag) is given twice") }
      if flag != argument { continue }
      if let value = rest.first, !value.hasPrefix("--") {
        rest.removeFirst()
      } else {
        mistakes.append("\(flag) has no value")
      }
    }
    return mistakes
  }

  // MARK: Environment

  private static func environmentMistakes(_ environment: [String: String], _ names: SettingNames) -> [String] {
    environment.keys.filter { $0.hasPrefix("JETTY_") && !names.knowsVariable($0) }.sorted().map {
      "\($0.prefix(80)) in the environment is no setting of this program" + names.suggestion(for: $0, among: names.variables)
    }
  }

  // MARK: File

  private static func file(_ path: String, _ names: SettingNames) -> (values: [String: String], mistakes: [String]) {
    guard let bytes = FileManager.default.contents(atPath: path) else { return ([:], ["config: cannot read \(path)"]) }
    guard bytes.count <= fileBytesMax else { return ([:], ["config: \(path) is larger than \(fileBytesMax) bytes"]) }
    let json: JSONValue
    do throws(JSONError) {
      json = try JSONValue(parsing: Array(bytes))
    } catch {
      return ([:], ["config: \(path) is not JSON: \(error)"])
    }
    guard case .object = json else { return ([:], ["config: \(path) must hold one JSON object"]) }
    var values: [String: String] = [:]
    var mistakes: [String] = []
    flatten(json, at: "", into: &values, &mistakes)
    for name in values.keys.sorted() where !names.knowsName(name) {
      mistakes.append("\(name.prefix(80)) in \(path) is no setting of this program" + names.suggestion(for: name, among: names.own))
    }
    return (values, mistakes)
  }

  /// `{"a": {"b": 1}, "c.d": true}` means `a.b` and `c.d`.
  private static func flatten(_ json: JSONValue, at name: String, into values: inout [String: String], _ mistakes: inout [String]) {
    let text: String
    switch json {
    case .object(let object):
      for (key, value) in object { flatten(value, at: name.isEmpty ? key : "\(name).\(key)", into: &values, &mistakes) }
      return
    case .string(let value): text = value
    case .bool(let value): text = value ? "true" : "false"
    case .number(let value): text = value.text
    case .null, .array:
      mistakes.append("\(name) in the configuration file must be text, a number, or true or false")
      return
    }
    if values.updateValue(text, forKey: name) != nil { mistakes.append("\(name) occurs twice in the configuration file") }
  }
}

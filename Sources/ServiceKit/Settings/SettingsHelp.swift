/// The text of `--help`.
enum SettingsHelp {
  static func text(program: String, summary: String, keys: [SettingKey]) -> String {
    var lines = ["\(program): \(summary)", "", "Settings, as flag, environment variable, or member of the --config file:", ""]
    for key in keys.sorted(by: { $0.name < $1.name }) {
      lines.append("  \(key.flag) VALUE   (\(key.environmentVariable))")
      var note = "      \(key.summary)"
      if let value = key.defaultValue { note += "; default \(value)" }
      if key.isSecret { note += "; or \(key.flag)-file PATH" }
      lines.append(note)
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

/// The text of `--help`, and the reference in docs/OPERATIONS.md.
public enum SettingsHelp {
  static func text(program: String, summary: String, keys: [SettingKey]) -> String {
    var lines = [
      "\(program): \(summary)", "", "  --check-config   checks all settings, says what is wrong with them, and ends with status 0 or 2",
      "  --help           this text", "", "Settings, as flag, environment variable, or member of the --config file:", "",
    ]
    for key in keys.sorted(by: { $0.name < $1.name }) {
      lines.append("  \(key.flag) VALUE   (\(key.environmentVariable))")
      var note = "      \(key.summary); \(key.kind.values)"
      if let value = key.defaultValue { note += "; default \(value)" }
      if key.isNeeded { note += "; needed" }
      if key.isSecret { note += "; or \(key.flag)-file PATH" }
      lines.append(note)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// For `scripts/settings_reference.py`: name, meaning, values, default, separated by tabs; one line for each setting.
  public static func reference(_ keys: [SettingKey]) -> [String] {
    keys.sorted { $0.name < $1.name }.map { key in
      let usual = key.defaultValue.map { "`\($0)`" } ?? (key.isNeeded ? "needed" : "")
      return [key.name, key.summary + (key.isSecret ? "; secret" : ""), key.kind.values, usual].joined(separator: "\t")
    }
  }
}

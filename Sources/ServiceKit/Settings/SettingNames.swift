/// Which names mean something: to this program, or to another one that may be given the same file or environment.
struct SettingNames: Sendable {
  /// Dotted names of this program, `<secret>.file` included.
  let own: Set<String>
  let flags: Set<String>
  let variables: Set<String>
  private let sharedVariables: Set<String>
  private let sharedNames: Set<String>
  private let ownSpaces: [String]

  /// Flags that are no settings.
  static let switches: Set<String> = ["--help", "-h", "--check-config", "--reference"]

  /// What begins like this belongs to one program. The others leave it alone.
  private static let spaces: [String: [String]] = [
    "edge-selection": ["edge.selection", "patterns"], "chunk-metadata": ["chunk.metadata"], "upload-state": ["upload.state"],
    "dedup": ["dedup", "embedder"], "finalize": ["finalize"], "gateway": ["gateway", "web", "watch"], "edge-worker": ["edge"],
  ]

  /// For clients, tests and the scripts around a local stack; no setting of any program here.
  private static let toolVariables: Set<String> = [
    "JETTY_URL", "JETTY_API_KEY", "JETTY_USER", "JETTY_STATE", "JETTY_LOCATION", "JETTY_EDGE_URLS", "JETTY_EDGE_IDS", "JETTY_OBJECTS", "JETTY_ROOT",
    "JETTY_STACK", "JETTY_VENV", "JETTY_BINARIES", "JETTY_BINARY", "JETTY_PORTS_FROM", "JETTY_CLONE_ID", "JETTY_RCLONE", "JETTY_REDIS_SERVER",
    "JETTY_EDGE_WORKER_ADDRESSES", "JETTY_CA_FILE", "JETTY_URLS",
  ]
  private static let toolBeginnings = ["JETTY_TEST_", "JETTY_BENCH_", "JETTY_PG_", "JETTY_PATTERNS_"]
  private static let toolEndings = ["_ADMIN_ADDRESS", "_ADMIN_ADDRESSES"]

  init(program: String, keys: [SettingKey]) {
    own = Self.names(keys)
    flags = Set(own.map { "--" + SettingKey.replaced($0, with: "-") })
    variables = Self.variables(own)
    sharedNames = Self.names(SettingKey.shared)
    sharedVariables = Self.variables(sharedNames)
    ownSpaces = Self.spaces[program] ?? []
  }

  func knowsName(_ name: String) -> Bool { own.contains(name) || sharedNames.contains(name) || isForeign(name, separator: ".") }

  func knowsVariable(_ variable: String) -> Bool {
    variables.contains(variable) || sharedVariables.contains(variable) || Self.toolVariables.contains(variable)
      || Self.toolBeginnings.contains { variable.hasPrefix($0) } || Self.toolEndings.contains { variable.hasSuffix($0) }
      || isForeign(variable.dropFirst("JETTY_".count).lowercased(), separator: "_")
  }

  /// The longest space that a name is in is not ours.
  private func isForeign(_ name: String, separator: Character) -> Bool {
    let space = Self.spaces.values.joined().filter { name.hasPrefix(SettingKey.replaced($0, with: separator) + String(separator)) }
      .max { $0.count < $1.count }
    guard let space else { return false }
    return !ownSpaces.contains(space)
  }

  /// `; did you mean …?` where one of the known names is close.
  func suggestion(for name: String, among known: Set<String>) -> String {
    let close = known.map { (name: $0, distance: Self.distance(Array(name.utf8.prefix(80)), Array($0.utf8))) }.filter { $0.distance <= 3 }
      .min { ($0.distance, $0.name) < ($1.distance, $1.name) }
    return close.map { "; did you mean \($0.name)?" } ?? ""
  }

  private static func names(_ keys: [SettingKey]) -> Set<String> { Set(keys.flatMap { $0.isSecret ? [$0.name, $0.fileName] : [$0.name] }) }

  private static func variables(_ names: Set<String>) -> Set<String> {
    Set(names.map { "JETTY_" + SettingKey.replaced($0, with: "_").uppercased() })
  }

  /// How many bytes must be put in, left out or exchanged.
  private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var row = Array(0...right.count)
    for (index, byte) in left.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for (other, candidate) in right.enumerated() {
        let cost = byte == candidate ? diagonal : min(diagonal, row[other], row[other + 1]) + 1
        diagonal = row[other + 1]
        row[other + 1] = cost
      }
    }
    return row[right.count]
  }
}

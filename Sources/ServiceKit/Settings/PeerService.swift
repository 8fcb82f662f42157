/// The services that others call, and where a process is told to find them.
public enum PeerService: String, CaseIterable, Sendable {
  case edgeSelection = "edge.selection"
  case chunkMetadata = "chunk.metadata"
  case uploadState = "upload.state"
  case dedup = "dedup"
  case finalize = "finalize"

  public static func settings(_ services: PeerService...) -> [SettingKey] { services.map { $0.setting } }

  /// As the program calls itself, without "jetty-".
  var programName: String { rawValue.split(separator: ".").joined(separator: "-") }

  public var setting: SettingKey {
    SettingKey(
      "\(rawValue).address", "where \(programName) is",
      .form("host:port, several with commas, or dns:///name:port", SettingKey.target), needed: true)
  }
}

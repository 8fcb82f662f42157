/// The services that others call, and where a process is told to find them.
public enum PeerService: String, CaseIterable, Sendable {
  case edgeSelection = "edge.selection"
  case chunkMetadata = "chunk.metadata"
  case uploadState = "upload.state"
  case dedup = "dedup"
  case finalize = "finalize"

  public var setting: SettingKey {
    SettingKey(
      "\(rawValue).address",
      "RPC address of \(rawValue.split(separator: ".").joined(separator: "-")): host:port, several with commas, or dns:///name:port",
      needed: true)
  }
}

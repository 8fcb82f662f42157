import EdgeWorker
import Model
import ServiceKit

/// What an edge can be told.
struct EdgeSettings {
  let description: EdgeDescription
  let chunksMax: Int
  let corsOrigins: String
  let spoolDirectory: String

  private static let id = SettingKey("edge.id", "this edge's name in the registry, such as sfo-1", needed: true)
  private static let url = SettingKey("edge.url", "where clients reach this edge", needed: true)
  private static let advertise = SettingKey("edge.advertise", "where the gateway reaches this edge by RPC, host:port", needed: true)
  private static let city = SettingKey("edge.city", "for a site that is not in the registry yet")
  private static let country = SettingKey("edge.country", "ISO 3166-1 alpha-2, for a site that is not in the registry yet")
  private static let latitude = SettingKey("edge.latitude", "degrees, for a site that is not in the registry yet")
  private static let longitude = SettingKey("edge.longitude", "degrees, for a site that is not in the registry yet")
  private static let capacity = SettingKey("edge.capacity.mbps", "what this site's line carries, megabits per second", default: "1000")
  private static let chunks = SettingKey("edge.chunks.max", "chunks that are taken at once", default: "96")
  private static let cors = SettingKey("cors.origins", "web origins that may call, with commas; * for all", default: "*")
  private static let spool = SettingKey("spool.directory", "disk directory for JSON chunks whose hash comes after their data", default: "/var/tmp")

  static let all: [SettingKey] =
    [
      id, url, advertise, city, country, latitude, longitude, capacity, chunks, cors, spool, .rpcListen, .storeURL, .storeAccessKey,
      .storeSecretKey, .tokenPublicKey,
    ] + SettingKey.httpDoor + [PeerService.edgeSelection, .chunkMetadata, .uploadState].map(\.setting)

  init(_ settings: Settings) {
    let idText = settings.required(Self.id)
    let id = EdgeID(idText) ?? EdgeID("invalid")
    if EdgeID(idText) == nil { settings.complain(Self.id, "must be 1 to 50 of a-z, 0-9 and -") }
    guard let id else { preconditionFailure("\"invalid\" is an edge id") }
    var described = EdgeDescription(id: id, url: settings.required(Self.url), rpcAddress: settings.required(Self.advertise))
    described.capacityMbps = UInt32(settings.integer(Self.capacity, in: 1...10_000_000))
    described.city = settings.optional(Self.city) ?? ""
    described.country = settings.optional(Self.country) ?? ""
    described.latitude = Self.degrees(settings, Self.latitude, 90)
    described.longitude = Self.degrees(settings, Self.longitude, 180)
    description = described
    chunksMax = settings.integer(Self.chunks, in: 1...10_000)
    corsOrigins = settings.optional(Self.cors) ?? ""
    spoolDirectory = settings.required(Self.spool)
  }

  private static func degrees(_ settings: Settings, _ key: SettingKey, _ limit: Double) -> Double? {
    guard let text = settings.optional(key) else { return nil }
    guard let number = Double(text), abs(number) <= limit else {
      settings.complain(key, "must be a number from -\(limit) to \(limit)")
      return nil
    }
    return number
  }
}

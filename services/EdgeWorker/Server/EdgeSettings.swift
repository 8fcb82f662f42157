import EdgeWorker
import Model
import ServiceKit

/// What an edge can be told.
struct EdgeSettings {
  let description: EdgeDescription
  let limits: EdgeLimits
  let corsOrigins: String
  let spoolDirectory: String

  private static let id = SettingKey(
    "edge.id", "this edge's name in the registry, such as sfo-1",
    .form("1 to 50 of a-z, 0-9 and -") { EdgeID($0) == nil ? "must be 1 to 50 of a-z, 0-9 and -" : nil }, needed: true)
  private static let url = SettingKey(
    "edge.url", "where clients reach this edge", .form("http:// or https:// URL", SettingKey.webURL), needed: true)
  private static let advertise = SettingKey(
    "edge.advertise", "where the gateway reaches this edge by gRPC", .form("host:port", SettingKey.target), needed: true)
  private static let city = SettingKey("edge.city", "for a site that is not in the registry yet")
  private static let country = SettingKey("edge.country", "ISO 3166-1 alpha-2, for a site that is not in the registry yet")
  private static let latitude = SettingKey("edge.latitude", "degrees, for a site that is not in the registry yet", .number(-90...90))
  private static let longitude = SettingKey("edge.longitude", "degrees, for a site that is not in the registry yet", .number(-180...180))
  private static let capacity = SettingKey(
    "edge.capacity.mbps", "what this site's line carries, megabits per second", .integer(1...10_000_000), default: "1000")
  private static let limitSettings: LimitSettings<EdgeLimits> = {
    var table = LimitSettings(EdgeLimits())
    table.add("edge.chunks.max", \.chunksMax, 1...10_000, "chunks that are taken at once; 503 above it")
    table.add("edge.busy.retry.seconds", \.busyRetrySeconds, 1...3_600, "when a client that was turned away is told to come back")
    table.add("edge.claim.renewal.ms", \.claimRenewalMilliseconds, 100...3_600_000, "how often the claim of a chunk that still comes in is renewed")
    table.add("edge.record.timeout.ms", \.recordMilliseconds, 100...600_000, "how long a stored chunk's record is offered to a core that is away")
    table.add("edge.record.pause.ms", \.recordPauseMilliseconds, 1...60_000, "first pause between two offers; doubled each time")
    table.add("edge.record.pause.max.ms", \.recordPauseMillisecondsMax, 1...60_000, "longest such pause")
    return table
  }()

  static let all: [SettingKey] =
    SettingKey.groups(
      [id, url, advertise, city, country, latitude, longitude, capacity, .rpcListen, .tokenPublicKey], limitSettings.keys, SettingKey.door,
      SettingKey.objectAccess, PeerService.settings(.edgeSelection, .chunkMetadata, .uploadState))

  init(_ settings: Settings) {
    guard let id = EdgeID(settings.required(Self.id)) ?? EdgeID("invalid") else { preconditionFailure("\"invalid\" is an edge id") }
    var described = EdgeDescription(id: id, url: settings.required(Self.url), rpcAddress: settings.required(Self.advertise))
    described.capacityMbps = UInt32(settings.integer(Self.capacity))
    described.city = settings.optional(Self.city) ?? ""
    described.country = settings.optional(Self.country) ?? ""
    described.latitude = settings.optional(Self.latitude).flatMap { Double($0) }
    described.longitude = settings.optional(Self.longitude).flatMap { Double($0) }
    description = described
    limits = Self.limitSettings.read(settings)
    corsOrigins = settings.optional(.corsOrigins) ?? ""
    spoolDirectory = settings.required(.spoolDirectory)
  }

  /// A place has two coordinates.
  static func check(_ settings: Settings) {
    guard settings.isGiven(latitude) != settings.isGiven(longitude) else { return }
    settings.note("edge.latitude and edge.longitude come together")
  }
}

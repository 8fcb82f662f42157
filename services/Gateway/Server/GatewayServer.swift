import Accounts
import Doors
import Gateway
import ObjectStore
import Redis
import ServiceKit

@main enum GatewayServer {
  private static let cors = SettingKey("cors.origins", "web origins that may call, with commas; * for all", default: "*")
  private static let spool = SettingKey("spool.directory", "disk directory for JSON chunks whose hash comes after their data", default: "/var/tmp")

  static func main() {
    ServiceProcess.main(
      ServiceDefinition(
        name: "gateway", summary: "the way in: REST over HTTP/1.1 and HTTP/2",
        settings: SettingKey.database + SettingKey.objectStore + SettingKey.httpDoor
          + [.tokenPublicKey, cors, spool] + PeerService.allCases.map(\.setting),
        prepare: { runtime in
          let pool = try runtime.postgres(schema: AccountStore.schema)
          defer { pool.close() }
          try await AccountStore(pool: pool).migrate(logger: runtime.log)
        },
        build: { try parts($0) }))
  }

  private static func parts(_ runtime: ServiceRuntime) throws -> ServiceParts {
    let pool = try runtime.postgres(schema: AccountStore.schema)
    let directory = AccountDirectory(store: AccountStore(pool: pool), loop: runtime.loop)
    var redisConfiguration = try runtime.redisConfiguration()
    // A limit must not cost more than what it protects.
    redisConfiguration.commandTimeoutMilliseconds = 100
    let redis = RedisClient(loop: runtime.loop, configuration: redisConfiguration, logger: runtime.log)
    var made = Gateway.Parts(
      loop: runtime.loop, book: GatewayBook.make(directory: directory, log: runtime.log),
      limiter: GatewayBook.limiter(redis: redis, loop: runtime.loop), verifier: try runtime.tokenVerifier(),
      channels: [
        "jetty.v1.EdgeSelection": try runtime.channel(.edgeSelection), "jetty.v1.ChunkMetadata": try runtime.channel(.chunkMetadata),
        "jetty.v1.UploadState": try runtime.channel(.uploadState), "jetty.v1.Dedup": try runtime.channel(.dedup),
        "jetty.v1.Finalize": try runtime.channel(.finalize),
      ],
      edgeChannel: { try runtime.channel(address: $0) }, log: runtime.log)
    made.cors = CORSPolicy(origins: runtime.settings.optional(cors) ?? "")
    made.spoolDirectory = runtime.settings.required(spool)
    made.objects = try localObjects(runtime)
    let gateway = Gateway(made)

    var parts = ServiceParts()
    parts.http = { await gateway.handle($0) }
    parts.httpConfiguration = Gateway.httpConfiguration
    parts.readiness = [
      ReadinessCheck("postgres") {
        do {
          _ = try await pool.query("SELECT 1")
          return nil
        } catch {
          return "\(error)"
        }
      }
    ]
    parts.close = {
      pool.close()
      redis.close()
    }
    return parts
  }

  /// The gateway serves objects only where they lie in a directory; S3 serves its own.
  private static func localObjects(_ runtime: ServiceRuntime) throws -> (store: LocalObjectStore, urls: LocalObjectURL)? {
    guard case .local(let directory) = try runtime.storeLocation() else { return nil }
    let secret = runtime.settings.required(.objectURLSecret)
    try runtime.settings.check()
    return (try LocalObjectStore(directory: directory, loop: runtime.loop), try LocalObjectURL(secret: Array(secret.utf8)))
  }
}

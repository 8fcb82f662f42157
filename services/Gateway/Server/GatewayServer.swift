import Accounts
import Doors
import Gateway
import ObjectStore
import ServiceKit
import Synchronization

@main enum GatewayServer {
  private static let web = SettingKey("web.directory", "directory of the pages at / and /dashboard; without it there are none")
  private static let watchClients = SettingKey(
    "watch.clients", "clients that may watch uploads at once, of all accounts", .integer(0...1_536), default: "1024")
  private static let watchClientsPerAccount = SettingKey(
    "watch.clients.per.account", "clients that may watch uploads at once, of one account", .integer(0...1_536), default: "512")
  private static let own = [web, watchClients, watchClientsPerAccount]
  /// One for all loops.
  private static let watchQuota = Mutex<WatchQuota?>(nil)

  static func main() {
    ServiceProcess.main(
      ServiceDefinition(
        name: "gateway", summary: "the way in: REST over HTTP/1.1 and HTTP/2",
        settings: SettingKey.groups(
          SettingKey.database, SettingKey.objectStore, [.tokenPublicKey], SettingKey.door, GatewaySettings.limits.keys, own,
          PeerService.settings(.edgeSelection, .chunkMetadata, .uploadState, .dedup, .finalize)),
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
    let limits = GatewaySettings.limits.read(runtime.settings)
    let redis = try runtime.redis(commandTimeoutMilliseconds: limits.rateMilliseconds)
    var made = Gateway.Parts(
      loop: runtime.loop, book: GatewayBook.make(directory: directory, log: runtime.log),
      limiter: GatewayBook.limiter(redis: redis, loop: runtime.loop), verifier: try runtime.tokenVerifier(),
      channels: [
        "jetty.v1.EdgeSelection": try runtime.channel(.edgeSelection), "jetty.v1.ChunkMetadata": try runtime.channel(.chunkMetadata),
        "jetty.v1.UploadState": try runtime.channel(.uploadState), "jetty.v1.Dedup": try runtime.channel(.dedup),
        "jetty.v1.Finalize": try runtime.channel(.finalize),
      ],
      edgeChannel: { try runtime.channel(address: $0) }, log: runtime.log)
    made.limits = limits
    made.cors = CORSPolicy(origins: runtime.settings.optional(.corsOrigins) ?? "")
    made.spoolDirectory = runtime.settings.required(.spoolDirectory)
    made.metrics = runtime.metrics
    made.watchChannel = { try runtime.separateChannel(.uploadState) }
    made.watchQuota = try quota(runtime.settings)
    made.web = try pages(runtime.settings)
    made.webAllowsPlainHTTP = !runtime.settings.required(.publicURL).hasPrefix("https:")
    made.objects = try localObjects(runtime)
    let gateway = Gateway(made)
    runtime.reading("jetty_gateway_chunks_active", "Chunks on their way through the gateway to an edge") { gateway.activeChunks }

    var parts = ServiceParts()
    parts.http = { await gateway.handle($0) }
    parts.httpConfiguration.limits = HTTPSettings.door.read(runtime.settings)
    parts.readiness = [.postgres(pool), .redis(redis)]
    parts.drain = { gateway.drain() }
    parts.close = {
      gateway.close()
      pool.close()
      redis.close()
    }
    return parts
  }

  private static func pages(_ settings: Settings) throws -> WebFiles? {
    guard let directory = settings.optional(web) else { return nil }
    do {
      return try WebFiles(directory: directory)
    } catch {
      settings.complain(web, "cannot be served: \(error)")
      try settings.check()
      return nil
    }
  }

  private static func quota(_ settings: Settings) throws -> WatchQuota {
    // Below the connections of the HTTP server, so that those who do not watch get in.
    let clients = settings.integer(watchClients)
    let perAccount = settings.integer(watchClientsPerAccount)
    try settings.check()
    return watchQuota.withLock { shared in
      let quota = shared ?? WatchQuota(clientsMax: clients, clientsPerAccountMax: perAccount)
      shared = quota
      return quota
    }
  }

  /// The gateway serves objects only where they lie in a directory; S3 serves its own.
  private static func localObjects(_ runtime: ServiceRuntime) throws -> (store: LocalObjectStore, urls: LocalObjectURL)? {
    guard case .local(let directory) = try runtime.storeLocation() else { return nil }
    let secret = runtime.settings.required(.objectURLSecret)
    try runtime.settings.check()
    return (try LocalObjectStore(directory: directory, loop: runtime.loop), try LocalObjectURL(secret: Array(secret.utf8)))
  }
}

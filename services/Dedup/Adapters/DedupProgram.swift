import Contracts
import HTTPClient
import Postgres
import Redis
import ServiceKit

/// The program jetty-dedup.
public enum DedupProgram {
  /// The PostgreSQL schema of its tables.
  static let schema = "dedup"

  public static let definition = ServiceDefinition(
    name: "dedup",
    summary: "which files are stored already",
    settings: SettingKey.groups(SettingKey.database, SettingKey.objectStore, DedupSettings.all),
    prepare: { runtime in
      let pool = try runtime.postgres(schema: schema)
      defer { pool.close() }
      try await Migrator(pool, logger: runtime.log).run(try migrations(), service: schema)
    },
    build: { runtime in
      let limits = DedupSettings.limits.read(runtime.settings)
      let redis = try runtime.redis(commandTimeoutMilliseconds: limits.cacheTimeoutMilliseconds)
      let pool = try runtime.postgres(schema: schema)
      let log = runtime.log
      let finder = DuplicateFinder(
        index: PostgresFileIndex(pool: pool), cache: RedisMatchCache(redis: redis, limits: limits), embedder: try embedder(runtime, limits),
        onEmbedderFailure: { log.warning("no hint: the embedder failed", metadata: ["error": "\($0)"]) })

      var parts = ServiceParts()
      parts.services = [
        DedupHandlers(finder: finder, signer: try runtime.urlSigner(), metrics: DedupMetrics(runtime.metrics), log: log, limits: limits)
      ]
      parts.readiness = [.postgres(pool), .redis(redis)]
      parts.close = {
        pool.close()
        redis.close()
      }
      return parts
    })

  private static func embedder(_ runtime: ServiceRuntime, _ limits: DedupLimits) throws -> any Embedder {
    let settings = runtime.settings
    guard let url = settings.optional(DedupSettings.embedderURL) else { return FeatureHashingEmbedder() }
    return RemoteEmbedder(
      client: HTTPClient(loop: runtime.loop), url: url, model: settings.required(DedupSettings.embedderModel),
      apiKey: settings.optional(DedupSettings.embedderKey), limits: limits)
  }

  /// The numbered files of `migrations/`.
  static func migrations() throws -> [Migration] {
    [try Migration(name: "0001_file_hashes", utf8: PackageResources._001_file_hashes_sql)]
  }
}

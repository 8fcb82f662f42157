import Contracts
import HTTPClient
import Postgres
import Redis
import ServiceKit

/// The program jetty-dedup.
public enum DedupProgram {
  /// The PostgreSQL schema of its tables.
  static let schema = "dedup"

  static let embedderURL = SettingKey(
    "embedder.url", "OpenAI-compatible /v1/embeddings endpoint; without it names are embedded here, by feature hashing")
  static let embedderModel = SettingKey("embedder.model", "model that the endpoint is asked for", default: "text-embedding-3-small")
  static let embedderKey = SettingKey("embedder.key", "API key of the endpoint", secret: true)

  public static let definition = ServiceDefinition(
    name: "dedup",
    summary: "which files are stored already",
    settings: SettingKey.database + SettingKey.objectStore + [embedderURL, embedderModel, embedderKey],
    prepare: { runtime in
      let pool = try runtime.postgres(schema: schema)
      defer { pool.close() }
      try await Migrator(pool, logger: runtime.log).run(try migrations(), service: schema)
    },
    build: { runtime in
      var redisConfiguration = try runtime.redisConfiguration()
      redisConfiguration.commandTimeoutMilliseconds = DedupLimits.cacheTimeoutMilliseconds
      let redis = RedisClient(loop: runtime.loop, configuration: redisConfiguration, logger: runtime.log)
      let pool = try runtime.postgres(schema: schema)
      let log = runtime.log
      let finder = DuplicateFinder(
        index: PostgresFileIndex(pool: pool), cache: RedisMatchCache(redis: redis), embedder: try embedder(runtime),
        onEmbedderFailure: { log.warning("no hint: the embedder failed", metadata: ["error": "\($0)"]) })

      var parts = ServiceParts()
      parts.services = [DedupHandlers(finder: finder, signer: try runtime.urlSigner(), metrics: DedupMetrics(runtime.metrics), log: log)]
      parts.readiness = [.postgres(pool)]
      parts.close = {
        pool.close()
        redis.close()
      }
      return parts
    })

  private static func embedder(_ runtime: ServiceRuntime) throws -> any Embedder {
    guard let url = runtime.settings.optional(embedderURL) else { return FeatureHashingEmbedder() }
    if !url.hasPrefix("http://") && !url.hasPrefix("https://") { runtime.settings.complain(embedderURL, "must begin with http:// or https://") }
    let model = runtime.settings.required(embedderModel)
    let key = runtime.settings.optional(embedderKey)
    try runtime.settings.check()
    return RemoteEmbedder(client: HTTPClient(loop: runtime.loop), url: url, model: model, apiKey: key)
  }

  /// The numbered files of `migrations/`.
  static func migrations() throws -> [Migration] {
    [try Migration(name: "0001_file_hashes", utf8: PackageResources._001_file_hashes_sql)]
  }
}

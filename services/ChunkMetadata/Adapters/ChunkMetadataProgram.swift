import Contracts
import Foundation
import Postgres
import ServiceKit

/// The program jetty-chunk-metadata.
public enum ChunkMetadataProgram {
  /// The PostgreSQL schema of its tables.
  static let schema = "chunk_metadata"

  public static let definition = ServiceDefinition(
    name: "chunk-metadata",
    summary: "the chunk map of every upload",
    settings: SettingKey.groups(
      SettingKey.database, [.tokenPublicKey], PeerService.settings(.uploadState), ChunkSettings.limits.keys),
    prepare: { runtime in
      let pool = try runtime.postgres(schema: schema)
      defer { pool.close() }
      try await Migrator(pool, logger: runtime.log).run(try migrations(), service: schema)
    },
    build: { runtime in
      let limits = ChunkSettings.limits.read(runtime.settings)
      let verifier = try runtime.tokenVerifier()
      let uploads = RemoteUploads(client: UploadStateClient(try runtime.channel(.uploadState)))
      let pool = try runtime.postgres(schema: schema)
      let redis = try runtime.redis(commandTimeoutMilliseconds: limits.cacheTimeoutMilliseconds)
      let cache = RedisChunkCache(loop: runtime.loop, redis: redis, now: unixMilliseconds, limits: limits)
      let map = PostgresChunkMap(loop: runtime.loop, pool: pool, feed: cache, limits: limits)

      let help = "Callers that wait for a statement to take what they write"
      runtime.reading("jetty_chunk_writes_waiting", help, [("kind", "claim")]) { map.waitingClaims }
      runtime.reading("jetty_chunk_writes_waiting", help, [("kind", "record")]) { map.waitingReceipts }

      var parts = ServiceParts()
      parts.services = [
        ChunkMetadataHandlers(
          desk: ChunkDesk(map: map, cache: cache, uploads: uploads), verifier: verifier, metrics: ChunkMetrics(runtime.metrics), log: runtime.log,
          limits: limits)
      ]
      parts.readiness = [.postgres(pool), .redis(redis)]
      parts.background = [
        .every(milliseconds: limits.sweepMilliseconds, "sweep-claims", on: runtime) {
          let count = try await map.sweep()
          if count > 0 { runtime.log.info("forgot abandoned claims", metadata: ["count": "\(count)"]) }
        }
      ]
      parts.close = {
        pool.close()
        redis.close()
      }
      return parts
    })

  /// The numbered files of `migrations/`.
  static func migrations() throws -> [Migration] {
    [try Migration(name: "0001_upload_chunks", utf8: PackageResources._001_upload_chunks_sql)]
  }

  static func unixMilliseconds() -> Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }
}

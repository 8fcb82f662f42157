import Contracts
import Foundation
import Postgres
import Redis
import ServiceKit

/// The program jetty-upload-state.
public enum UploadStateProgram {
  /// The PostgreSQL schema of its tables.
  static let schema = "upload_state"

  public static let definition = ServiceDefinition(
    name: "upload-state",
    summary: "upload sessions, their state and their statistics",
    settings: SettingKey.database + [
      .storeURL, .storeAccessKey, .storeSecretKey, .tokenPublicKey, PeerService.chunkMetadata.setting, PeerService.edgeSelection.setting,
      PeerService.finalize.setting,
    ],
    prepare: { runtime in
      let pool = try runtime.postgres(schema: schema)
      defer { pool.close() }
      try await Migrator(pool, logger: runtime.log).run(try migrations(), service: schema)
    },
    build: { runtime in
      let verifier = try runtime.tokenVerifier()
      let objects = try runtime.objectStore()
      let chunks = RemoteChunks(client: ChunkMetadataClient(try runtime.channel(.chunkMetadata)))
      let usage = RemoteUsage(client: FinalizeClient(try runtime.channel(.finalize)))
      let edges = RemoteEdges(client: EdgeSelectionClient(try runtime.channel(.edgeSelection)))
      let pool = try runtime.postgres(schema: schema)
      let redis = try runtime.redis(commandTimeoutMilliseconds: SessionLimits.publishTimeoutMilliseconds)
      let subscriber = RedisSubscriber(loop: runtime.loop, configuration: try runtime.redisConfiguration(), logger: runtime.log)

      let log = runtime.log
      let store = PostgresSessions(loop: runtime.loop, pool: pool, now: unixMilliseconds)
      let progress = RedisProgress(loop: runtime.loop, redis: redis, subscriber: subscriber)
      let desk = SessionDesk(store: store, chunks: chunks, multiparts: StoreMultiparts(store: objects, loop: runtime.loop), publisher: progress)
      let statistics = StatisticsDesk(store: store, chunks: chunks, ledger: usage, registry: edges) { what, error in
        log.warning("statistics are incomplete", metadata: ["missing": "\(what)", "error": "\(error)"])
      }

      var parts = ServiceParts()
      parts.services = [
        UploadStateHandlers(
          desk: desk, statistics: statistics, watch: UploadWatch(desk: desk, progress: progress, log: log, now: unixMilliseconds),
          verifier: verifier, log: log, now: unixMilliseconds)
      ]
      parts.readiness = [.postgres(pool)]
      parts.background = [
        .every(milliseconds: SessionLimits.pruneMilliseconds, "prune-sessions", on: runtime) {
          let count = try await store.prune(endedBefore: unixMilliseconds() - SessionLimits.endedDays * 86_400_000)
          if count > 0 { log.info("forgot old sessions", metadata: ["count": "\(count)"]) }
        }
      ]
      parts.close = {
        pool.close()
        redis.close()
        subscriber.close()
      }
      return parts
    })

  /// The numbered files of `migrations/`.
  static func migrations() throws -> [Migration] {
    [try Migration(name: "0001_upload_sessions", utf8: PackageResources._001_upload_sessions_sql)]
  }

  static func unixMilliseconds() -> Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }
}

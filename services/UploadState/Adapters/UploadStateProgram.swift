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
    settings: SettingKey.groups(
      SettingKey.database, SettingKey.objectAccess, SessionSettings.limits.keys, [.tokenPublicKey],
      PeerService.settings(.chunkMetadata, .edgeSelection, .finalize)),
    validate: SessionSettings.check,
    prepare: { runtime in
      let pool = try runtime.postgres(schema: schema)
      defer { pool.close() }
      try await Migrator(pool, logger: runtime.log).run(try migrations(), service: schema)
    },
    build: { runtime in
      let limits = SessionSettings.limits.read(runtime.settings)
      let verifier = try runtime.tokenVerifier()
      let objects = try runtime.objectStore()
      let chunks = RemoteChunks(client: ChunkMetadataClient(try runtime.channel(.chunkMetadata)), limits: limits)
      let usage = RemoteUsage(client: FinalizeClient(try runtime.channel(.finalize)), limits: limits)
      let edges = RemoteEdges(client: EdgeSelectionClient(try runtime.channel(.edgeSelection)), limits: limits)
      let pool = try runtime.postgres(schema: schema)
      let redis = try runtime.redis(commandTimeoutMilliseconds: limits.publishTimeoutMilliseconds)
      let subscriber = RedisSubscriber(loop: runtime.loop, configuration: try runtime.redisConfiguration(), logger: runtime.log)

      let log = runtime.log
      let store = PostgresSessions(loop: runtime.loop, pool: pool, now: unixMilliseconds, limits: limits)
      let progress = RedisProgress(loop: runtime.loop, redis: redis, subscriber: subscriber)
      let multiparts = StoreMultiparts(store: objects, loop: runtime.loop, limits: limits)
      let desk = SessionDesk(store: store, chunks: chunks, multiparts: multiparts, publisher: progress, limits: limits)
      let statistics = StatisticsDesk(store: store, chunks: chunks, ledger: usage, registry: edges, limits: limits) { what, error in
        log.warning("statistics are incomplete", metadata: ["missing": "\(what)", "error": "\(error)"])
      }

      let watch = UploadWatch(desk: desk, progress: progress, log: log, now: unixMilliseconds, limits: limits)
      runtime.reading("jetty_upload_watchers", "Watchers of progress") { watch.watchers }
      runtime.reading("jetty_upload_multiparts_waiting", "Uploads that wait for their multipart upload to be created") { store.waitingMultiparts }

      var parts = ServiceParts()
      parts.services = [
        UploadStateHandlers(
          desk: desk, statistics: statistics, watch: watch,
          verifier: verifier, log: log, now: unixMilliseconds)
      ]
      parts.readiness = [.postgres(pool), .redis(redis), .store(objects)]
      parts.background = [
        .every(milliseconds: limits.pruneMilliseconds, "prune-sessions", on: runtime) {
          let count = try await store.prune(endedBefore: unixMilliseconds() - limits.endedDays * 86_400_000)
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
    [
      try Migration(name: "0001_upload_sessions", utf8: PackageResources._001_upload_sessions_sql),
      try Migration(name: "0002_open_sessions", utf8: PackageResources._002_open_sessions_sql),
    ]
  }

  static func unixMilliseconds() -> Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }
}

import Contracts
import Postgres
import ServiceKit

/// The program jetty-finalize.
public enum FinalizeProgram {
  public static let definition = ServiceDefinition(
    name: "finalize", summary: "turns recorded chunks into one object, and keeps the books",
    settings: SettingKey.groups(
      SettingKey.postgres, SettingKey.objectStore, PeerService.settings(.uploadState, .chunkMetadata, .dedup), FinalizeSettings.limits.keys),
    validate: FinalizeSettings.check,
    prepare: { runtime in
      let pool = try runtime.postgres(schema: FinalizeSchema.name)
      defer { pool.close() }
      try await Migrator(pool, logger: runtime.log).run(FinalizeSchema.migrations(), service: FinalizeSchema.name)
    },
    build: { runtime in
      let limits = FinalizeSettings.limits.read(runtime.settings)
      let (uploads, chunks) = (try runtime.channel(.uploadState), try runtime.channel(.chunkMetadata))
      let dedup = try runtime.channel(.dedup)
      let signer = try runtime.urlSigner()
      let pool = try runtime.postgres(schema: FinalizeSchema.name)
      let store = try runtime.objectStore()
      let assembly = FinalizeAssembly(
        loop: runtime.loop, pool: pool, store: store, signer: signer, uploads: UploadStateClient(uploads), chunks: ChunkMetadataClient(chunks),
        dedup: DedupClient(dedup), metrics: FinalizeMetrics(runtime.metrics), limits: limits, log: runtime.log)
      var parts = ServiceParts()
      parts.services = [assembly.service]
      parts.readiness = [.postgres(pool), .store(store)]
      parts.background = [
        .every(milliseconds: limits.relayPauseMilliseconds, "outbox", on: runtime) { try await assembly.relayEvents() },
        .every(milliseconds: limits.depthPauseMilliseconds, "queue-depths", on: runtime) { try await assembly.measureQueues() },
        .every(milliseconds: limits.sweepPauseMilliseconds, "sweeper", on: runtime) { try await assembly.sweepExpired() },
        .every(milliseconds: limits.verifyPauseMilliseconds, "verifier", on: runtime) { try await assembly.verifyObjects() },
      ]
      parts.close = { pool.close() }
      return parts
    })
}

import Contracts
import Postgres
import ServiceKit

/// The program jetty-finalize.
public enum FinalizeProgram {
  public static let definition = ServiceDefinition(
    name: "finalize", summary: "turns recorded chunks into one object, and keeps the books",
    settings: SettingKey.database + SettingKey.objectStore
      + [PeerService.uploadState.setting, PeerService.chunkMetadata.setting, PeerService.dedup.setting],
    prepare: { runtime in
      let pool = try runtime.postgres(schema: FinalizeSchema.name)
      defer { pool.close() }
      try await Migrator(pool, logger: runtime.log).run(FinalizeSchema.migrations(), service: FinalizeSchema.name)
    },
    build: { runtime in
      let (uploads, chunks) = (try runtime.channel(.uploadState), try runtime.channel(.chunkMetadata))
      let dedup = try runtime.channel(.dedup)
      let signer = try runtime.urlSigner()
      let pool = try runtime.postgres(schema: FinalizeSchema.name)
      let store = try runtime.objectStore()
      let assembly = FinalizeAssembly(
        loop: runtime.loop, pool: pool, store: store, signer: signer, uploads: UploadStateClient(uploads), chunks: ChunkMetadataClient(chunks),
        dedup: DedupClient(dedup), metrics: FinalizeMetrics(runtime.metrics), log: runtime.log)
      var parts = ServiceParts()
      parts.services = [assembly.service]
      parts.readiness = [
        .postgres(pool),
        ReadinessCheck("object store") {
          do {
            try await store.check()
            return nil
          } catch {
            return "\(error)"
          }
        },
      ]
      parts.background = [
        .every(milliseconds: FinalizeLimits.relayPauseMilliseconds, "outbox", on: runtime) { try await assembly.relayEvents() },
        .every(milliseconds: FinalizeLimits.sweepPauseMilliseconds, "sweeper", on: runtime) { try await assembly.sweepExpired() },
        .every(milliseconds: FinalizeLimits.verifyPauseMilliseconds, "verifier", on: runtime) { try await assembly.verifyObjects() },
      ]
      parts.close = { pool.close() }
      return parts
    })
}

import Contracts
import Finalize
import Postgres
import ServiceKit

@main
enum FinalizeServer {
  static func main() {
    ServiceProcess.main(
      ServiceDefinition(
        name: "finalize", summary: "Turns recorded chunks into one object, and keeps the books.",
        settings: SettingKey.database + SettingKey.objectStore
          + [PeerService.uploadState.setting, PeerService.chunkMetadata.setting, PeerService.dedup.setting],
        prepare: { runtime in
          let pool = try runtime.postgres(schema: FinalizeSchema.name)
          defer { pool.close() }
          try await Migrator(pool, logger: runtime.log).run(FinalizeSchema.migrations(), service: FinalizeSchema.name)
        },
        build: build))
  }

  private static func build(_ runtime: ServiceRuntime) async throws -> ServiceParts {
    let pool = try runtime.postgres(schema: FinalizeSchema.name)
    let store = try runtime.objectStore()
    let assembly = FinalizeAssembly(
      loop: runtime.loop, pool: pool, store: store, signer: try runtime.urlSigner(),
      uploads: UploadStateClient(try runtime.channel(.uploadState)), chunks: ChunkMetadataClient(try runtime.channel(.chunkMetadata)),
      dedup: DedupClient(try runtime.channel(.dedup)), log: runtime.log)
    var parts = ServiceParts()
    parts.services = [assembly.service]
    parts.readiness = [
      ReadinessCheck("database") { await failure { _ = try await pool.query("SELECT 1") } },
      ReadinessCheck("object store") { await failure { try await store.check() } },
    ]
    parts.background = [
      .every(milliseconds: FinalizeLimits.relayPauseMilliseconds, "outbox", on: runtime) { try await assembly.relayEvents() },
      .every(milliseconds: FinalizeLimits.sweepPauseMilliseconds, "sweeper", on: runtime) { try await assembly.sweepExpired() },
      .every(milliseconds: FinalizeLimits.verifyPauseMilliseconds, "verifier", on: runtime) { try await assembly.verifyObjects() },
    ]
    parts.close = { pool.close() }
    return parts
  }

  private static func failure(_ body: () async throws -> Void) async -> String? {
    do {
      try await body()
      return nil
    } catch {
      return "\(error)"
    }
  }
}

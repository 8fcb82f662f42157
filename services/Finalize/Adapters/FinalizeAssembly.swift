import Contracts
import EventLoops
import Logging
import Model
import ObjectStore
import Postgres

/// The parts of this service on one loop, put together. Made and used on that loop.
public struct FinalizeAssembly: Sendable {
  public let service: FinalizeRPC
  private let relay: OutboxRelay
  private let abandoner: Abandoner
  private let verifier: Verifier
  private let metrics: FinalizeMetrics
  private let limits: FinalizeLimits
  private let loop: EventLoop
  private let pool: PostgresPool
  private let log: Logger

  /// - Parameter pool: With schema `finalize`, migrated.
  public init(
    loop: EventLoop, pool: PostgresPool, store: any ObjectStore, signer: ObjectURLSigner, uploads: UploadStateClient, chunks: ChunkMetadataClient,
    dedup: DedupClient, metrics: FinalizeMetrics, limits: FinalizeLimits = FinalizeLimits(), log: Logger
  ) {
    let ledger = PostgresLedger(pool: pool, loop: loop, limits: limits)
    let directory = RemoteUploads(uploads: uploads, metadata: chunks, limits: limits)
    let vault = StoreVault(store: store)
    let links = SignedLinks(signer: signer, limits: limits)
    let sink = RemoteEventSink(dedup: dedup, uploads: uploads, chunks: chunks, limits: limits)
    let relay = OutboxRelay(outbox: PostgresOutbox(pool: pool), sink: sink, limits: limits)
    let tell: @Sendable (FileID) async -> Void = { file in
      _ = try? await loop.withTimeout(milliseconds: limits.promptDeliveryMilliseconds) {
        // One after another: what follows in a queue is due only once its forerunner was heard.
        while try await relay.run(of: file) > 0 {}
      }
    }
    let pause: @Sendable (UInt64) async throws -> Void = { try await loop.sleep(milliseconds: $0) }
    abandoner = Abandoner(uploads: directory, vault: vault, ledger: ledger, tellPromptly: tell, limits: limits)
    verifier = Verifier(queue: PostgresVerificationQueue(pool: pool), vault: vault, limits: limits, pause: pause)
    service = FinalizeRPC(
      finalizer: Finalizer(
        uploads: directory, chunks: directory, vault: vault, ledger: ledger, links: links, tellPromptly: tell, pause: pause,
        limits: limits),
      cloner: Cloner(ledger: ledger, links: links, tellPromptly: tell, newID: Self.newFileID), abandoner: abandoner, ledger: ledger, metrics: metrics,
      log: log)
    self.relay = relay
    self.metrics = metrics
    self.limits = limits
    self.loop = loop
    self.pool = pool
    self.log = log
  }

  private static let newFileID: @Sendable () -> FileID = {
    return FileID(unixMilliseconds: WallClock.unixMilliseconds())
  }

  // MARK: Work that no caller waits for. One round each; throws where the database or a peer is away.

  /// Tells other services what they have not heard yet, until nothing is due.
  public func relayEvents() async throws {
    let (log, metrics) = (log, metrics)
    while try await relay.run(onFailure: { entry, error in
      metrics.unheard.increment()
      log.warning("an event was not heard yet", metadata: ["event": "\(entry.number)", "file": "\(entry.event.file)", "error": "\(error)"])
    }) == limits.relayBatch {}
  }

  /// Counts what waits, for metrics.
  public func measureQueues() async throws {
    let row = try await pool.query(
      """
      SELECT (SELECT count(*) FROM outbox), (SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::bigint FROM outbox),
             (SELECT count(*) FROM objects WHERE state = 'new')
      """
    ).first
    guard let row else { return }
    metrics.outbox.set(try row[0].int64)
    metrics.outboxAge.set(try row[1].int64)
    metrics.unverified.set(try row[2].int64)
  }

  /// Gives up uploads whose time is over.
  public func sweepExpired() async throws {
    let log = log
    let found = try await abandoner.sweep { upload, error in
      log.warning("an expired upload could not be given up yet", metadata: ["file": "\(upload.file)", "error": "\(error)"])
    }
    metrics.swept.increment(by: UInt64(found))
    if found > 0 { log.info("swept expired uploads", metadata: ["count": "\(found)"]) }
  }

  /// Reads new objects back until none waits.
  public func verifyObjects() async throws {
    while true {
      switch try await verifier.run() {
      case .nothingToDo:
        return
      case .verified(let object):
        metrics.verified.increment()
        log.info("verified", metadata: ["object": "\(object.key)"])
      case .refuted(let object):
        metrics.refuted.increment()
        log.error("the stored bytes are not what the client claimed", metadata: ["object": "\(object.key)"])
      case .postponed(let object, let reason):
        log.warning("an object could not be read back", metadata: ["object": "\(object.key)", "error": "\(reason)"])
      }
    }
  }
}

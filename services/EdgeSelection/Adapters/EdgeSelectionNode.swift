import Accounts
import Contracts
import EventLoops
import Glibc
import Logging
import Model
import Postgres
import RPC
import Redis

/// Everything that one loop of this service needs, put together. Made, used and closed on its loop.
public final class EdgeSelectionNode: @unchecked Sendable {
  /// What a node is made of. The node closes none of it.
  public struct Parts {
    public var loop: EventLoop
    public var pool: PostgresPool
    public var redis: RedisClient
    public var dedup: RPCChannel
    public var finalize: RPCChannel
    public var uploadState: RPCChannel
    public var signer: UploadTokenSigner
    /// How channels to edges are made.
    public var edgeChannels: RPCChannelConfiguration
    public var logger: Logger
    public var warmth: WarmthMetrics
    /// Whether this process does the hourly job itself; else somebody calls `runHourlyJob`.
    public var doesHourlyJob: Bool
    public var limits = EdgeLimits()
    /// Where calls to edges are counted.
    public var statistics: RPCStatistics?
    public var metrics: SelectionMetrics?

    public init(
      loop: EventLoop, pool: PostgresPool, redis: RedisClient, dedup: RPCChannel, finalize: RPCChannel, uploadState: RPCChannel,
      signer: UploadTokenSigner, edgeChannels: RPCChannelConfiguration, logger: Logger, warmth: WarmthMetrics, doesHourlyJob: Bool = true
    ) {
      self.loop = loop
      self.pool = pool
      self.redis = redis
      self.dedup = dedup
      self.finalize = finalize
      self.uploadState = uploadState
      self.signer = signer
      self.edgeChannels = edgeChannels
      self.logger = logger
      self.warmth = warmth
      self.doesHourlyJob = doesHourlyJob
    }
  }

  /// The PostgreSQL schema that this service owns.
  public static let schema = "edge_selection"

  /// What to register at the RPC server.
  public let service: any EdgeSelectionService
  private let parts: Parts
  private let registry: PostgresEdgeRegistry
  private let directory = EdgeDirectory()
  private let ledger = HabitLedger()
  private let channels: EdgeChannels
  private let prober: EdgeProber
  private let warmer: EdgeWarmer
  private var tasks: [Task<Void, Never>] = []
  private var isClosed = false
  /// The hour (since 1970) that the hourly job was last done for.
  private var hourDone: Int64 = 0
  /// Set once the registry has been read.
  public private(set) var isReady = false

  public init(_ parts: Parts) {
    self.parts = parts
    let now = { EdgeSelectionNode.unixMilliseconds() }
    registry = PostgresEdgeRegistry(pool: parts.pool, limits: parts.limits)
    channels = EdgeChannels(loop: parts.loop, configuration: parts.edgeChannels, statistics: parts.statistics)
    prober = EdgeProber(loop: parts.loop, channels: channels, now: now, limits: parts.limits)
    warmer = EdgeWarmer(
      habits: PostgresHabits(pool: parts.pool, limits: parts.limits), warmth: RedisWarmth(redis: parts.redis), directory: directory,
      channels: channels, metrics: parts.warmth, logger: parts.logger, now: now, limits: parts.limits)
    let samples = RedisRoundTripSamples(redis: parts.redis, loop: parts.loop, logger: parts.logger)
    let planner = UploadPlanner(
      directory: directory,
      duplicates: RemoteDuplicates(
        dedup: DedupClient(parts.dedup), finalize: FinalizeClient(parts.finalize), logger: parts.logger, limits: parts.limits),
      sessions: RemoteSessions(uploads: UploadStateClient(parts.uploadState), limits: parts.limits),
      tokens: SignedTokens(signer: parts.signer), samples: samples, habits: ledger, now: now, random: SystemRandomNumberGenerator())
    service = EdgeSelectionRPC(
      planner: planner, directory: directory, desk: HeartbeatDesk(directory: directory, registry: registry), samples: samples, warmer: warmer,
      logger: parts.logger, now: now, limits: parts.limits, metrics: parts.metrics)
  }

  /// Brings the tables up to date. Once per process, before any node is made.
  public static func migrate(_ pool: PostgresPool, logger: Logger) async throws {
    try await Migrator(pool, logger: logger).run(
      [
        Migration(name: "0001_tables", utf8: PackageResources._001_tables_sql),
        Migration(name: "0002_sites", utf8: PackageResources._002_sites_sql),
      ], service: schema)
  }

  /// Starts what goes on by itself: the picture of the edges is renewed and counts are written down on every loop; `isFirst`
  /// probes, warms and tidies up for the whole process.
  public func start(isFirst: Bool) {
    repeating("reading the registry", everyMilliseconds: parts.limits.snapshotMilliseconds) { try await $0.refresh() }
    repeating("writing down habits", everyMilliseconds: parts.limits.habitMilliseconds) { try await $0.recordHabits() }
    guard isFirst else { return }
    repeating("tidying up metrics", everyMilliseconds: parts.limits.maintenanceMilliseconds) {
      try await $0.registry.maintain(now: Self.unixMilliseconds())
    }
    repeating("probing edges", everyMilliseconds: parts.limits.probeMilliseconds) { try await $0.probe() }
    guard parts.doesHourlyJob else { return }
    repeating("upload patterns", everyMilliseconds: EdgeLimits.clockMilliseconds) { try await $0.runHourlyJobIfDue() }
  }

  /// Stops all of that and lets go of the edges.
  public func close() {
    isClosed = true
    for task in tasks { task.cancel() }
    tasks = []
    channels.closeAll()
  }

  /// Reads the registry. Until it can be read, what this loop heard itself stands.
  public func refresh() async throws {
    directory.replaceAll(with: try await registry.load())
    isReady = true
  }

  /// Probes every live edge once. Of several processes one at a time does it, as long as Redis can tell them.
  public func probe() async throws {
    let live = directory.live(at: Self.unixMilliseconds())
    channels.keepOnly(Set(live.compactMap { $0.status?.rpcAddress }))
    guard !live.isEmpty, await isOurTurn("probe", milliseconds: parts.limits.probeMilliseconds * 9 / 10) else { return }
    let results = await prober.probe(live)
    for result in results { directory.probed(result.edge, milliseconds: result.milliseconds) }
    try await registry.probed(results)
  }

  private func recordHabits() async throws { try await warmer.record(ledger.take()) }

  /// Copies habits to Redis and wakes, ten minutes ahead, the edges of those who tend to upload in the coming hour.
  public func runHourlyJob() async throws {
    if !isReady { try await refresh() }
    try await warmer.runHourly(for: Self.unixMilliseconds() + EdgeLimits.warmingAheadMilliseconds)
  }

  private func runHourlyJobIfDue() async throws {
    let hour = (Self.unixMilliseconds() + EdgeLimits.warmingAheadMilliseconds) / 3_600_000
    let turn = "patterns:\(hour)"
    guard hour != hourDone, await isOurTurn(turn, milliseconds: UInt64(EdgeLimits.warmthMilliseconds)) else { return }
    do {
      try await runHourlyJob()
      hourDone = hour
    } catch {
      await giveBack(turn)
      throw error
    }
  }

  private func isOurTurn(_ what: String, milliseconds: UInt64) async -> Bool {
    // Without Redis everybody does it: twice is better than not at all.
    (try? await parts.redis.set("edge-selection:turn:\(what)", "1", ttlMilliseconds: milliseconds, onlyIfAbsent: true)) ?? true
  }

  private func giveBack(_ turn: String) async { _ = try? await parts.redis.send(["DEL", .string("edge-selection:turn:\(turn)")]) }

  private func repeating(_ what: String, everyMilliseconds: UInt64, _ body: @escaping @Sendable (EdgeSelectionNode) async throws -> Void) {
    let (loop, logger) = (parts.loop, parts.logger)
    tasks.append(
      loop.spawn { [weak self] in
        while let self, !self.isClosed, !Task.isCancelled {
          do {
            try await body(self)
          } catch is CancellationError {
            return
          } catch {
            logger.warning("a round of background work failed", metadata: ["job": "\(what)", "error": "\(error)"])
          }
          do {
            try await loop.sleep(milliseconds: everyMilliseconds)
          } catch {
            return
          }
        }
      })
  }

  static func unixMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
  }
}

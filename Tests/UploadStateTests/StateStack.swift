import Accounts
import Contracts
import EventLoops
import Foundation
import Logging
import Model
import ObjectStore
import Postgres
import RPC
import Redis
import TLS
import TestSupport

@testable import UploadState

/// What ChunkMetadata would say about the uploads of a test; as an RPC service, so that this service's clients are part of the test.
final class ScriptedChunks: ChunkMetadataService {
  var stored: [String: [UInt32: (edge: String, size: UInt64)]] = [:]
  /// What every call fails with, if anything.
  var failure: RPCError?

  func missingChunks(_ request: MissingChunksRequest, context: ServerContext) async throws -> MissingChunksResponse {
    if let failure { throw failure }
    guard context.metadata["jetty-account"] != nil else { throw RPCError(.unauthenticated, "no account") }
    let chunks = stored[request.fileId] ?? [:]
    return MissingChunksResponse(
      missing: (0..<request.chunksTotal).filter { chunks[$0] == nil }, stored: UInt32(chunks.count),
      bytesStored: chunks.values.reduce(0) { $0 + $1.size })
  }

  func summarizeChunks(_ request: SummarizeChunksRequest, context: ServerContext) async throws -> SummarizeChunksResponse {
    if let failure { throw failure }
    return SummarizeChunksResponse(
      summaries: request.fileIds.compactMap { file in
        guard let chunks = stored[file], !chunks.isEmpty else { return nil }
        let edges = Dictionary(grouping: chunks.values, by: \.edge).map {
          EdgeShare(edgeId: $0, chunks: UInt32($1.count), bytes: $1.reduce(0) { $0 + $1.size })
        }
        return ChunkSummary(
          fileId: file, chunksStored: UInt32(chunks.count), bytesStored: edges.reduce(0) { $0 + $1.bytes },
          edges: edges.sorted { $0.bytes > $1.bytes })
      })
  }

  private let unused = RPCError(.unimplemented, "not part of these tests")

  func claimChunk(_ request: ClaimChunkRequest, context: ServerContext) async throws -> ClaimChunkResponse { throw unused }
  func recordChunk(_ request: RecordChunkRequest, context: ServerContext) async throws -> RecordChunkResponse { throw unused }
  func releaseChunk(_ request: ReleaseChunkRequest, context: ServerContext) async throws -> ReleaseChunkResponse { throw unused }
  func cacheChunk(_ request: CacheChunkRequest, context: ServerContext) async throws -> CacheChunkResponse { throw unused }
  func listChunks(_ request: ListChunksRequest, context: ServerContext) async throws -> ListChunksResponse { throw unused }
  func dropChunks(_ request: DropChunksRequest, context: ServerContext) async throws -> DropChunksResponse { throw unused }
}

/// Finalize's books and EdgeSelection's edges.
final class ScriptedPeers: UsageLedger, EdgeRegistry {
  var isDown = false

  func usage(account: AccountID, user: UserID?) async throws -> UsageFigures {
    if isDown { throw RPCError(.unavailable, "down") }
    return UsageFigures(transferred: ByteCount(1_000), cost: MicroDollars(7), saved: ByteCount(500), savedCost: MicroDollars(3), duplicates: 2)
  }

  func liveEdges() async throws -> [LiveEdge] {
    if isDown { throw RPCError(.unavailable, "down") }
    return [
      LiveEdge(id: EdgeID("sfo-1")!, latencyMilliseconds: 12, loadPercent: 34),
      LiveEdge(id: EdgeID("idle-1")!, latencyMilliseconds: 5, loadPercent: 1),
    ]
  }
}

/// Counts what the object store is asked for, and can be slow.
final class CountingMultiparts: MultipartStore {
  private let inner: StoreMultiparts
  private let loop: EventLoop
  private(set) var created = 0
  var delayMilliseconds: UInt64 = 0
  var failure: (any Error)?

  init(_ inner: StoreMultiparts, loop: EventLoop) {
    self.inner = inner
    self.loop = loop
  }

  func createMultipart(for session: UploadSession) async throws -> String {
    created += 1
    if delayMilliseconds > 0 { try await loop.sleep(milliseconds: delayMilliseconds) }
    if let failure { throw failure }
    return try await inner.createMultipart(for: session)
  }
}

/// The service as it runs, on one loop, with a local object store. ChunkMetadata, Finalize and EdgeSelection are stand-ins.
final class StateStack: @unchecked Sendable {
  let loop: EventLoop
  let pool: PostgresPool
  let redis: RedisClient
  let objects: any ObjectStore
  let multiparts: CountingMultiparts
  let chunks = ScriptedChunks()
  let peers = ScriptedPeers()
  let watch: UploadWatch
  let client: UploadStateClient
  let signer: UploadTokenSigner
  /// Added to the clock.
  var clockMilliseconds: Int64 = 0
  private let subscriber: RedisSubscriber
  private let servers: [RPCServer]
  private let chunkChannel: RPCChannel
  private let directory: String

  init(loop: EventLoop, database: String, redisURL: String, directory: String, limits: SessionLimits = SessionLimits()) throws {
    self.loop = loop
    self.directory = directory
    pool = PostgresPool(loop: loop, configuration: try PostgresConfiguration(url: database, schema: "upload_state"))
    var configuration = try RedisConfiguration(url: redisURL)
    configuration.commandTimeoutMilliseconds = SessionLimits().publishTimeoutMilliseconds
    redis = RedisClient(loop: loop, configuration: configuration)
    subscriber = RedisSubscriber(loop: loop, configuration: configuration)
    objects = try ObjectStoreFactory.make(url: "file://\(directory)", loop: loop)
    multiparts = CountingMultiparts(StoreMultiparts(store: objects, loop: loop), loop: loop)

    let chunkRouter = RPCRouter()
    chunkRouter.add(chunks)
    let chunkServer = RPCServer(loop: loop, router: chunkRouter)
    chunkChannel = RPCChannel(target: RPCTarget(try chunkServer.listen(.loopback(port: 0))), loop: loop)

    let clock = Clock()
    let book = RemoteChunks(client: ChunkMetadataClient(chunkChannel))
    let store = PostgresSessions(loop: loop, pool: pool, now: clock.now)
    let progress = RedisProgress(loop: loop, redis: redis, subscriber: subscriber)
    let desk = SessionDesk(store: store, chunks: book, multiparts: multiparts, publisher: progress)
    let log = Logger(label: "test")
    watch = UploadWatch(desk: desk, progress: progress, log: log, now: clock.now)
    let key = Ed25519.PrivateKey.generate()
    signer = UploadTokenSigner(key: key)
    let router = RPCRouter()
    router.add(
      UploadStateHandlers(
        desk: desk, statistics: StatisticsDesk(store: store, chunks: book, ledger: peers, registry: peers, limits: limits) { _, _ in }, watch: watch,
        verifier: UploadTokenVerifier(key: key.publicKey), log: log, now: clock.now))
    let server = RPCServer(loop: loop, router: router)
    client = UploadStateClient(RPCChannel(target: RPCTarget(try server.listen(.loopback(port: 0))), loop: loop))
    servers = [chunkServer, server]
    clock.stack = self
  }

  private final class Clock {
    weak var stack: StateStack?
    func now() -> Int64 { UploadStateProgram.unixMilliseconds() + (stack?.clockMilliseconds ?? 0) }
  }

  var now: Int64 { UploadStateProgram.unixMilliseconds() + clockMilliseconds }

  func migrate() async throws {
    try await Migrator(pool).run(try UploadStateProgram.migrations(), service: UploadStateProgram.schema)
  }

  func close() {
    client.channel.close()
    chunkChannel.close()
    for server in servers { server.close() }
    subscriber.close()
    redis.close()
    pool.close()
    try? FileManager.default.removeItem(atPath: directory)
  }
}

/// Runs `body` against a service of its own with an empty database.
func withState(
  redis: TestRedis? = nil, database: String? = nil, limits: SessionLimits = SessionLimits(), seconds: UInt64 = 60,
  _ body: @escaping @Sendable (StateStack) async throws -> Void
) async throws {
  let url = try database ?? TestPostgres.shared.get().makeDatabase()
  let redisURL = try redis?.url ?? TestRedis.shared.get().url
  let directory = FileManager.default.temporaryDirectory.appendingPathComponent("jetty-state-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
  try await withEventLoop(seconds: seconds) { loop in
    let stack = try StateStack(loop: loop, database: url, redisURL: redisURL, directory: directory, limits: limits)
    defer { stack.close() }
    try await stack.migrate()
    try await body(stack)
  }
}

/// What a call failed with; nil where it succeeded.
/// - Throws: any error that is no status.
func failure<T>(_ body: () async throws -> T) async throws -> RPCError? {
  do {
    _ = try await body()
    return nil
  } catch let error as RPCError {
    return error
  }
}

import Accounts
import ChunkMetadata
import Contracts
import EventLoops
import Foundation
import Logging
import Model
import Postgres
import RPC
import Redis
import ServiceKit
import TLS
import TestSupport

@testable import ChunkMetadata

/// Uploads that exist, for CacheChunk.
final class KnownUploads: UploadDirectory {
  var grants: [FileID: UploadGrant] = [:]
  private(set) var questions = 0

  func find(_ file: FileID, account: AccountID) async throws -> UploadGrant? {
    questions += 1
    return grants[file].flatMap { $0.account == account ? $0 : nil }
  }
}

/// The service as it runs, on one loop: RPC server and client, PostgreSQL, Redis. Only UploadState is a stand-in.
final class ChunkStack: @unchecked Sendable {
  let loop: EventLoop
  let pool: PostgresPool
  let redis: RedisClient
  let map: PostgresChunkMap
  let cache: RedisChunkCache
  let uploads = KnownUploads()
  let client: ChunkMetadataClient
  let signer: UploadTokenSigner
  private let server: RPCServer

  init(loop: EventLoop, database: String, redisURL: String) throws {
    self.loop = loop
    pool = PostgresPool(loop: loop, configuration: try PostgresConfiguration(url: database, schema: "chunk_metadata"))
    var configuration = try RedisConfiguration(url: redisURL)
    configuration.commandTimeoutMilliseconds = ChunkLimits().cacheTimeoutMilliseconds
    redis = RedisClient(loop: loop, configuration: configuration)
    cache = RedisChunkCache(loop: loop, redis: redis, now: ChunkMetadataProgram.unixMilliseconds)
    map = PostgresChunkMap(loop: loop, pool: pool, feed: cache)
    let key = Ed25519.PrivateKey.generate()
    signer = UploadTokenSigner(key: key)
    let router = RPCRouter()
    router.add(
      ChunkMetadataHandlers(
        desk: ChunkDesk(map: map, cache: cache, uploads: uploads), verifier: UploadTokenVerifier(key: key.publicKey),
        metrics: ChunkMetrics(MetricsRegistry()), log: Logger(label: "test")))
    server = RPCServer(loop: loop, router: router)
    let address = try server.listen(.loopback(port: 0))
    client = ChunkMetadataClient(RPCChannel(target: RPCTarget(address), loop: loop))
  }

  func migrate() async throws {
    try await Migrator(pool).run(try ChunkMetadataProgram.migrations(), service: ChunkMetadataProgram.schema)
  }

  func close() {
    client.channel.close()
    server.close()
    pool.close()
    redis.close()
  }

  /// Makes the claims and receipts of all chunks look as old as this.
  func age(seconds: Int) async throws {
    try await pool.query("UPDATE upload_chunks SET claimed_at = claimed_at - $1::bigint * interval '1 second'", [.int64(Int64(seconds))])
  }
}

/// Runs `body` against a service of its own with an empty database. `redis` nil: the one that tests share.
func withChunks(
  redis: TestRedis? = nil, database: String? = nil, seconds: UInt64 = 60, _ body: @escaping @Sendable (ChunkStack) async throws -> Void
) async throws {
  let url = try database ?? TestPostgres.shared.get().makeDatabase()
  let redisURL = try redis?.url ?? TestRedis.shared.get().url
  try await withEventLoop(seconds: seconds) { loop in
    let stack = try ChunkStack(loop: loop, database: url, redisURL: redisURL)
    defer { stack.close() }
    try await stack.migrate()
    try await body(stack)
  }
}

/// One upload and the calls that an edge would make about it.
struct TestUpload: Sendable {
  let stack: ChunkStack
  let file: FileID
  let account: AccountID
  let plan: Model.UploadPlan
  let token: String

  init(_ stack: ChunkStack, chunks: UInt32 = 4, account: String = "acc_one", validSeconds: Int64 = 600) {
    self.stack = stack
    let now = UInt64(ChunkMetadataProgram.unixMilliseconds())
    file = FileID(unixMilliseconds: now)
    self.account = AccountID(account)!
    // The last chunk is 1,000 bytes.
    let size = UInt64(chunks - 1) * Model.UploadPlan.chunkSizeMin.rawValue + 1_000
    plan = Model.UploadPlan(fileSize: ByteCount(size), chunkSize: Model.UploadPlan.chunkSizeMin)!
    token = stack.signer.sign(
      UploadToken(fileID: file, account: self.account, user: UserID("usr_1")!, plan: plan, expiresAt: Int64(now / 1_000) + validSeconds))
  }

  var options: CallOptions { CallOptions(metadata: ["authorization": "Bearer \(token)"]) }
  var asAccount: CallOptions { CallOptions(metadata: ["jetty-account": account.text]) }
  static let asService = CallOptions(metadata: ["jetty-service": "finalize"])

  func size(_ index: UInt32) -> UInt64 { ChunkIndex(index).flatMap { plan.size(of: $0) }?.rawValue ?? 0 }

  func claim(_ index: UInt32, _ bytes: String, edge: String = "sfo-1") async throws -> ClaimChunkResponse {
    let request = ClaimChunkRequest(fileId: file.text, chunkIndex: index, hash: hash(bytes), edgeId: edge, size: size(index))
    return try await stack.client.claimChunk(request, options: options)
  }

  @discardableResult
  func record(_ index: UInt32, _ bytes: String, edge: String = "sfo-1", etag: String = "etag-1") async throws -> RecordChunkResponse {
    let request = RecordChunkRequest(fileId: file.text, chunkIndex: index, hash: hash(bytes), edgeId: edge, size: size(index), etag: etag)
    return try await stack.client.recordChunk(request, options: options)
  }

  func release(_ index: UInt32, _ bytes: String, edge: String = "sfo-1") async throws {
    let request = ReleaseChunkRequest(fileId: file.text, chunkIndex: index, hash: hash(bytes), edgeId: edge)
    _ = try await stack.client.releaseChunk(request, options: options)
  }

  func note(_ index: UInt32, _ bytes: String, account: String? = nil) async throws -> CacheChunkResponse {
    let request = CacheChunkRequest(fileId: file.text, chunkIndex: index, hash: hash(bytes), edgeId: "sfo-1", size: size(index))
    return try await stack.client.cacheChunk(request, options: CallOptions(metadata: ["jetty-account": account ?? self.account.text]))
  }

  func list(_ options: CallOptions? = nil) async throws -> [Chunk] {
    try await stack.client.listChunks(ListChunksRequest(fileId: file.text), options: options ?? asAccount).chunks
  }

  /// CacheChunk knows of it from now on.
  func open() { stack.uploads.grants[file] = UploadGrant(file: file, account: account, plan: plan) }

  func receipt(_ index: UInt32, _ bytes: String, etag: String = "etag-1") -> ChunkReceipt {
    let claim = ChunkClaim(
      address: ChunkAddress(file: file, index: ChunkIndex(index)!), account: account, hash: ContentHash(hash(bytes))!,
      size: ByteCount(size(index)), edge: EdgeID("sfo-1")!)
    return ChunkReceipt(claim: claim, etag: etag)
  }
}

/// The hash of a text, as it goes over the wire.
func hash(_ bytes: String) -> String { ContentHash(bytes: SHA256.hash(bytes))!.text }

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

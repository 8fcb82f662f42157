import Accounts
import Contracts
import EventLoops
import Logging
import Model
import Postgres
import RPC
import Redis
import ServiceKit
import TLS
import TestSupport
import Testing

@testable import EdgeSelection

/// The service on a loop with a real PostgreSQL and Redis, and everybody around it in memory. Loop thread only.
final class ServiceHarness: @unchecked Sendable {
  let loop: EventLoop
  let pool: PostgresPool
  let redis: RedisClient
  let node: EdgeSelectionNode
  let client: EdgeSelectionClient
  let metrics = MetricsRegistry()
  let key = Ed25519.PrivateKey.generate()
  /// Where the peers, an edge among them, listen.
  let peerAddress: String

  // What the peers do and saw.
  var stored: DuplicateFile?
  var dedupFails = false
  var clones = 0
  var uploads: [String: Upload] = [:]
  var warmed: [String] = []
  var edgeID = "sfo-1"

  private let peers: RPCServer
  private let peerChannel: RPCChannel
  private let server: RPCServer
  private let channel: RPCChannel

  init(loop: EventLoop, databaseURL: String, redisURL: String) throws {
    self.loop = loop
    var configuration = try PostgresConfiguration(url: databaseURL)
    configuration.schema = EdgeSelectionNode.schema
    configuration.connectionsMax = 2
    pool = PostgresPool(loop: loop, configuration: configuration)
    redis = RedisClient(loop: loop, configuration: try RedisConfiguration(url: redisURL))
    let peerRouter = RPCRouter()
    peers = RPCServer(loop: loop, router: peerRouter)
    let address = try peers.listen(.loopback(port: 0))
    peerAddress = "\(address)"
    peerChannel = RPCChannel(target: RPCTarget(address), loop: loop)
    node = EdgeSelectionNode(
      EdgeSelectionNode.Parts(
        loop: loop, pool: pool, redis: redis, dedup: peerChannel, finalize: peerChannel, uploadState: peerChannel,
        signer: UploadTokenSigner(key: key), edgeChannels: RPCChannelConfiguration(), logger: Logger(label: "edge-selection-test"),
        warmth: WarmthMetrics(metrics)))
    let router = RPCRouter()
    server = RPCServer(loop: loop, router: router)
    channel = RPCChannel(target: RPCTarget(try server.listen(.loopback(port: 0))), loop: loop)
    client = EdgeSelectionClient(channel)
    router.add(node.service)
    addPeers(to: peerRouter)
  }

  func stop() {
    node.close()
    channel.close()
    peerChannel.close()
    server.close()
    peers.close()
    pool.close()
    redis.close()
  }

  static func run(_ body: @escaping @Sendable (ServiceHarness) async throws -> Void) async throws {
    let databaseURL = try TestPostgres.shared.get().makeDatabase()
    let redisURL = try TestRedis.shared.get().url
    try await withEventLoop { loop in
      let harness = try ServiceHarness(loop: loop, databaseURL: databaseURL, redisURL: redisURL)
      defer { harness.stop() }
      try await EdgeSelectionNode.migrate(harness.pool, logger: Logger(label: "migrations"))
      try await harness.node.refresh()
      try await body(harness)
    }
  }

  /// As the gateway calls.
  static func options(account: String = "acc_1") -> CallOptions { CallOptions(metadata: ["jetty-account": account]) }

  func heartbeat(_ id: String, load: UInt32 = 10, draining: Bool = false) async throws {
    let request = HeartbeatRequest(
      edgeId: id, url: "http://127.0.0.1:9/\(id)", rpcAddress: peerAddress, loadPercent: load, bandwidthMbps: 1_000, draining: draining)
    let response = try await client.heartbeat(request)
    #expect(response.nextInSeconds == 10)
  }

  private func addPeers(to router: RPCRouter) {
    router.unary(DedupMethods.checkDuplicate) { [unowned self] (_: CheckDuplicateRequest, _) in
      if dedupFails { throw RPCError(.unavailable, "down") }
      return CheckDuplicateResponse(duplicate: stored)
    }
    router.unary(FinalizeMethods.cloneFile) { [unowned self] (request: CloneFileRequest, _) in
      clones += 1
      let id = FileID(unixMilliseconds: 9)
      return CloneFileResponse(file: File(id: id.text, url: "http://clone", size: 1 << 30), savedBytes: 1 << 30, savedCostMicroDollars: 107_374)
    }
    router.unary(UploadStateMethods.openUpload) { [unowned self] (request: OpenUploadRequest, context) in
      guard var upload = request.upload, context.metadata["jetty-account"] == upload.accountId else { throw RPCError(.unauthenticated, "?") }
      upload.expiresAt = 4_000_000_000_000
      uploads[upload.fileId] = upload
      return OpenUploadResponse(upload: upload)
    }
    router.unary(UploadStateMethods.getUpload) { [unowned self] (request: GetUploadRequest, context) in
      guard let upload = uploads[request.fileId], upload.accountId == context.metadata["jetty-account"] else { throw RPCError(.notFound, "no") }
      return GetUploadResponse(upload: upload)
    }
    router.unary(EdgeWorkerMethods.getLoad) { [unowned self] (_: GetLoadRequest, _) in
      GetLoadResponse(edgeId: edgeID, loadPercent: 42, activeUploads: 3)
    }
    router.unary(EdgeWorkerMethods.warmUp) { [unowned self] (request: WarmUpRequest, _) in
      warmed.append(request.userId)
      return WarmUpResponse(ok: true)
    }
  }
}

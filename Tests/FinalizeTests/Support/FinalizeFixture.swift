import Contracts
import EventLoops
import Foundation
import Logging
import Model
import ObjectStore
import Postgres
import RPC
import ServiceKit
import TLS
import TestSupport

@testable import Finalize

/// The service with a real PostgreSQL, a real store and its peers behind real RPC, on one loop.
final class FinalizeFixture: @unchecked Sendable {
  let loop: EventLoop
  let pool: PostgresPool
  let store: LocalObjectStore
  let peers = PeerServices()
  let assembly: FinalizeAssembly
  let client: FinalizeClient
  let urls: LocalObjectURL
  private let servers: [RPCServer]
  private let channels: [RPCChannel]
  private let directory: String

  static let anyPort = SocketAddress.loopback(port: 0)
  static let account = "acc_1"
  static let secret = [UInt8](repeating: 9, count: 32)

  /// Everything fresh: its own database, its own directory.
  static func run(_ body: @escaping @Sendable (FinalizeFixture) async throws -> Void) async throws {
    let url = try TestPostgres.shared.get().makeDatabase()
    try await withEventLoop { loop in
      let fixture = try await FinalizeFixture(loop: loop, databaseURL: url)
      do {
        try await body(fixture)
      } catch {
        await fixture.close()
        throw error
      }
      await fixture.close()
    }
  }

  private init(loop: EventLoop, databaseURL: String) async throws {
    self.loop = loop
    directory = FileManager.default.temporaryDirectory.appendingPathComponent("jetty-finalize-\(UUID().uuidString)").path
    var configuration = try PostgresConfiguration(url: databaseURL)
    configuration.schema = FinalizeSchema.name
    pool = PostgresPool(loop: loop, configuration: configuration)
    try await Migrator(pool).run(FinalizeSchema.migrations(), service: FinalizeSchema.name)
    store = try LocalObjectStore(directory: directory, loop: loop)
    urls = try LocalObjectURL(secret: Self.secret)

    let peerRouter = RPCRouter()
    peers.addTo(peerRouter)
    let peerServer = RPCServer(loop: loop, router: peerRouter)
    let peerChannel = RPCChannel(target: RPCTarget(try peerServer.listen(Self.anyPort)), loop: loop)
    assembly = FinalizeAssembly(
      loop: loop, pool: pool, store: store, signer: try ObjectURLSigner(publicBase: "http://127.0.0.1:3000", secret: Self.secret),
      uploads: UploadStateClient(peerChannel), chunks: ChunkMetadataClient(peerChannel), dedup: DedupClient(peerChannel),
      metrics: FinalizeMetrics(MetricsRegistry()), log: Logger(label: "finalize-test") { _ in SwiftLogNoOpLogHandler() })
    let router = RPCRouter()
    router.add(assembly.service)
    let server = RPCServer(loop: loop, router: router)
    let channel = RPCChannel(target: RPCTarget(try server.listen(Self.anyPort)), loop: loop)
    client = FinalizeClient(channel)
    servers = [server, peerServer]
    channels = [channel, peerChannel]
  }

  private func close() async {
    for channel in channels { channel.close() }
    for server in servers { server.close() }
    pool.close()
    try? FileManager.default.removeItem(atPath: directory)
  }

  // MARK: Uploads

  /// An upload whose chunks are stored and recorded; `missing` of them are not.
  func upload(
    _ bytes: [UInt8], user: String = "usr_1", account: String = FinalizeFixture.account, hash: String? = nil, missing: Set<Int> = [],
    expiresAt: Int64 = .max
  ) async throws -> String {
    let id = FileID(unixMilliseconds: 1_700_000_000_000).text
    let chunkSize = Int(Model.UploadPlan.chunkSizeMin.rawValue)
    let key = try ObjectKey.file(account: account, user: user, file: id)
    let total = (bytes.count + chunkSize - 1) / chunkSize
    var upload = Upload(
      fileId: id, accountId: account, userId: user, fileHash: hash ?? "sha256:\(hexadecimal(SHA256.hash(bytes)))",
      plan: UploadPlan(fileSize: UInt64(bytes.count), chunkSize: UInt64(chunkSize), chunksTotal: UInt32(total)), fileName: "näme.txt",
      fileType: "text/plain", status: .inProgress, objectKey: key.description, expiresAt: expiresAt)
    if total > 0 {
      let multipart = try await store.createMultipart(key: key, contentType: nil, partSize: UInt64(chunkSize))
      upload.multipartUploadId = multipart.description
      peers.chunks[id] = []
      for index in 0..<total where !missing.contains(index) {
        try await storeChunk(bytes, index, of: upload)
      }
    }
    peers.uploads[id] = upload
    return id
  }

  func storeChunk(_ bytes: [UInt8], _ index: Int, of upload: Upload) async throws {
    let size = Int(upload.plan?.chunkSize ?? 0)
    let slice = Array(bytes[(index * size)..<min(bytes.count, (index + 1) * size)])
    let etag = try await store.putPart(
      key: ObjectKey(upload.objectKey), upload: MultipartID(upload.multipartUploadId), number: index + 1, size: UInt64(slice.count),
      body: ByteArrayBody(slice))
    let chunk = Chunk(index: UInt32(index), hash: "", size: UInt64(slice.count), edgeId: "edge-1", etag: etag.description)
    peers.chunks[upload.fileId, default: []].append(chunk)
  }

  func finalize(_ file: String, chunks: Int, user: String = "usr_1", account: String = FinalizeFixture.account) async throws -> File {
    let response = try await client.finalizeUpload(
      FinalizeUploadRequest(fileId: file, totalChunks: UInt32(chunks), userId: user), options: Self.options(account))
    guard let file = response.file else { throw RPCError(.internalError, "no file") }
    return file
  }

  static func options(_ account: String = FinalizeFixture.account) -> CallOptions {
    CallOptions(timeoutMilliseconds: 20_000, metadata: ["jetty-account": account])
  }

  func stored(_ file: String, user: String = "usr_1") async throws -> [UInt8] {
    let collected = Collected()
    _ = try await store.read(key: try ObjectKey.file(account: Self.account, user: user, file: file)) { collected.bytes.append(contentsOf: $0) }
    return collected.bytes
  }

  func count(_ table: String, _ condition: String = "true") async throws -> Int64 {
    try await pool.query("SELECT count(*) FROM \(table) WHERE \(condition)")[0][0].int64
  }

  /// As if the pause before an object is read back were over.
  func verifyNow() async throws {
    try await pool.query("UPDATE objects SET verify_after = now()")
    try await assembly.verifyObjects()
    try await assembly.relayEvents()
  }
}

private final class Collected {
  var bytes: [UInt8] = []
}

func hexadecimal(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined() }

/// Bytes of about so many chunks of 5 MiB.
func content(_ count: Int, seed: Int = 1) -> [UInt8] {
  let block = (0..<min(4093, count)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ seed &* 101) }
  var bytes: [UInt8] = []
  bytes.reserveCapacity(count + block.count)
  while bytes.count < count { bytes.append(contentsOf: block) }
  bytes.removeLast(bytes.count - count)
  return bytes
}

import Accounts
import Bytes
import Contracts
import EventLoops
import Foundation
import HTTPClient
import HTTPServer
import JSON
import Logging
import Model
import ObjectStore
import RPC
import TestSupport

@testable import EdgeWorker

/// An edge on a loop, with a store in a directory of its own, a core in memory, and a client. Loop thread only.
final class EdgeHarness: @unchecked Sendable {
  let loop: EventLoop
  let core: FakeCore
  let store: any ObjectStore
  let client: HTTPClient
  let http: HTTPServer
  let rpc: RPCServer
  let edgeChannel: RPCChannel
  let coreChannel: RPCChannel
  let activity: EdgeActivity
  let base: String
  let description: EdgeDescription
  private let coreServer: RPCServer
  private let directory: String

  init(loop: EventLoop, chunksMax: Int = 32, change: (inout EdgeWorker.Parts) -> Void = { _ in }) throws {
    self.loop = loop
    directory = NSTemporaryDirectory() + "jetty-edge-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    store = try LocalObjectStore(directory: directory, loop: loop)
    core = FakeCore(store: store)
    let coreRouter = RPCRouter()
    core.add(to: coreRouter)
    coreServer = RPCServer(loop: loop, router: coreRouter)
    let coreAddress = try coreServer.listen(.loopback(port: 0))
    coreChannel = RPCChannel(target: RPCTarget(coreAddress), loop: loop)
    activity = EdgeActivity(chunksMax: chunksMax)
    description = EdgeDescription(id: Fixture.edge, url: "http://edge", rpcAddress: "127.0.0.1:1")
    var parts = EdgeWorker.Parts(
      loop: loop, description: description, verifier: UploadTokenVerifier(key: Fixture.key.publicKey), store: store,
      chunkMetadata: coreChannel, uploadState: coreChannel, activity: activity, log: Logger(label: "edge-test"))
    parts.limits.recordMilliseconds = 1_000
    change(&parts)
    let worker = EdgeWorker(parts)
    http = HTTPServer(loop: loop, configuration: EdgeWorker.httpConfiguration, handler: worker.handler)
    let router = RPCRouter()
    router.add(worker.service)
    rpc = RPCServer(loop: loop, router: router)
    edgeChannel = RPCChannel(target: RPCTarget(try rpc.listen(.loopback(port: 0))), loop: loop)
    base = "http://\(try http.listen(.loopback(port: 0)))"
    client = HTTPClient(loop: loop)
  }

  func stop() async {
    client.close()
    await http.shutdown(graceMilliseconds: 200)
    edgeChannel.close()
    coreChannel.close()
    rpc.close()
    coreServer.close()
    try? FileManager.default.removeItem(atPath: directory)
  }

  /// Runs `body` with an edge, and stops everything after.
  static func run(
    chunksMax: Int = 32, change: @escaping @Sendable (inout EdgeWorker.Parts) -> Void = { _ in },
    _ body: @escaping @Sendable (EdgeHarness) async throws -> Void
  ) async throws {
    try await withEventLoop { loop in
      let edge = try EdgeHarness(loop: loop, chunksMax: chunksMax, change: change)
      do {
        try await body(edge)
      } catch {
        await edge.stop()
        throw error
      }
      await edge.stop()
    }
  }

  // MARK: Requests

  struct Reply {
    let status: Int
    let head: HTTPClientResponseHead
    let json: JSONValue
    var error: String { json["error"]?.stringValue ?? "" }
    var reason: String { json["reason"]?.stringValue ?? "" }
    var field: String { json["field"]?.stringValue ?? "" }
  }

  func send(
    _ method: HTTPClientRequest.Method, _ path: String, _ headers: [(name: String, value: String)] = [], _ body: [UInt8]? = nil
  ) async throws -> Reply {
    let reply = try await client.send(
      HTTPClientRequest(method, base + path, headers: headers, timeoutMilliseconds: 20_000), body: body.map { HTTPClientBody($0) })
    return Reply(status: reply.status, head: reply.head, json: (try? JSONValue(parsing: reply.body)) ?? .null)
  }

  func put(
    _ file: FileID, _ index: Int, _ bytes: [UInt8], digestOf: [UInt8]? = nil, token: String? = nil, _ more: [(name: String, value: String)] = []
  ) async throws -> Reply {
    let headers = [
      (name: "Authorization", value: "Bearer \(token ?? Fixture.token(for: file))"),
      (name: "Content-Digest", value: Fixture.digestField(digestOf ?? bytes)),
    ]
    return try await send(.put, "/api/edge/files/\(file)/chunks/\(index)", headers + more, bytes)
  }

  func post(_ json: String, token: String) async throws -> Reply {
    try await send(
      .post, "/api/edge/upload-chunk",
      [(name: "Authorization", value: "Bearer \(token)"), (name: "Content-Type", value: "application/json")], Array(json.utf8))
  }

  /// What the core recorded for a chunk.
  func record(_ file: FileID, _ index: UInt32) -> FakeCore.Record? { core.chunks[FakeCore.Place(file: file.text, index: index)] }

  /// The object that the recorded parts make.
  func complete(_ file: FileID) async throws -> [UInt8] {
    guard let upload = core.uploads[file.text] else { return [] }
    let parts = try (0..<UInt32(2)).compactMap { index in
      try record(file, index)?.etag.map { CompletedPart(number: Int(index) + 1, etag: try ETag($0)) }
    }
    _ = try await store.completeMultipart(key: upload.key, upload: upload.id, parts: parts)
    let collected = Collected()
    _ = try await store.read(key: upload.key) { collected.bytes.append(contentsOf: $0) }
    return collected.bytes
  }

  private final class Collected { var bytes: [UInt8] = [] }
}

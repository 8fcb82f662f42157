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
import ServiceKit
import Synchronization
import TLS
import TestSupport

@testable import Gateway

/// A gateway on a loop, with services that remember what they were asked. Loop thread only.
final class GatewayHarness: @unchecked Sendable {
  static let key = "jetty_" + String(repeating: "a", count: 32)
  static let tokenKey = Ed25519.PrivateKey.generate()

  let loop: EventLoop
  let services = FakeServices()
  let book = Book()
  let limiter = Limiter()
  let client: HTTPClient
  let http: HTTPServer
  let base: String
  let store: LocalObjectStore
  let signer: ObjectURLSigner
  let gateway: Gateway
  let metrics = MetricsRegistry()
  let watchQuota = WatchQuota(clientsMax: 3, clientsPerAccountMax: 2)
  private let server: RPCServer
  private var channels: [RPCChannel] = []
  private let directory: String

  init(loop: EventLoop, web: WebFiles? = nil) throws {
    self.loop = loop
    directory = NSTemporaryDirectory() + "jetty-gateway-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    store = try LocalObjectStore(directory: directory, loop: loop)
    let router = RPCRouter()
    services.add(to: router)
    server = RPCServer(loop: loop, router: router)
    let address = try server.listen(.loopback(port: 0))
    let channel = RPCChannel(target: RPCTarget(address), loop: loop)
    channels = [channel]
    services.edgeAddresses = ["\(address)"]
    let secret = [UInt8](repeating: 7, count: 32)
    signer = try ObjectURLSigner(publicBase: "http://gateway", secret: secret)
    let names = ["EdgeSelection", "ChunkMetadata", "UploadState", "Dedup", "Finalize"]
    var parts = Gateway.Parts(
      loop: loop, book: book, limiter: limiter, verifier: UploadTokenVerifier(key: Self.tokenKey.publicKey),
      channels: Dictionary(uniqueKeysWithValues: names.map { ("jetty.v1.\($0)", channel) }),
      edgeChannel: { try RPCChannel(target: RPCTarget($0), loop: loop) }, log: Logger(label: "gateway-test"))
    parts.objects = (store, try LocalObjectURL(secret: secret))
    parts.metrics = metrics
    parts.web = web
    parts.watchQuota = watchQuota
    parts.watchChannel = { RPCChannel(target: RPCTarget(address), loop: loop) }
    let gateway = Gateway(parts)
    self.gateway = gateway
    http = HTTPServer(loop: loop, configuration: Gateway.httpConfiguration) { await gateway.handle($0) }
    base = "http://\(try http.listen(.loopback(port: 0)))"
    client = HTTPClient(loop: loop)
  }

  func stop() async {
    client.close()
    await http.shutdown(graceMilliseconds: 200)
    gateway.close()
    for channel in channels { channel.close() }
    server.close()
    try? FileManager.default.removeItem(atPath: directory)
  }

  static func run(web: WebFiles? = nil, _ body: @escaping @Sendable (GatewayHarness) async throws -> Void) async throws {
    try await withEventLoop { loop in
      let gateway = try GatewayHarness(loop: loop, web: web)
      do {
        try await body(gateway)
      } catch {
        await gateway.stop()
        throw error
      }
      await gateway.stop()
    }
  }

  struct Reply {
    let status: Int
    let head: HTTPClientResponseHead
    let bytes: [UInt8]
    var json: JSONValue { (try? JSONValue(parsing: bytes)) ?? .null }
    var error: String { json["error"]?.stringValue ?? "" }
    var reason: String { json["reason"]?.stringValue ?? "" }
    var field: String { json["field"]?.stringValue ?? "" }
  }

  func send(
    _ method: HTTPClientRequest.Method, _ path: String, _ headers: [(name: String, value: String)] = [], _ body: [UInt8]? = nil
  ) async throws -> Reply {
    let reply = try await client.send(
      HTTPClientRequest(method, base + path, headers: headers, timeoutMilliseconds: 20_000), body: body.map { HTTPClientBody($0) },
      responseBytesMax: 32 << 20)
    return Reply(status: reply.status, head: reply.head, bytes: reply.body)
  }

  static let authorization = (name: "Authorization", value: "Bearer \(key)")

  func post(_ path: String, _ json: String, authorized: Bool = true) async throws -> Reply {
    let type = (name: "Content-Type", value: "application/json")
    return try await send(.post, path, authorized ? [type, Self.authorization] : [type], Array(json.utf8))
  }

  func get(_ path: String) async throws -> Reply { try await send(.get, path, [Self.authorization]) }

  /// One account with one key.
  final class Book: CallerBook, @unchecked Sendable {
    var isDown = false
    var users: [String] = []

    func caller(key: String) async throws -> Caller? {
      if isDown { throw RPCError.problem(.unavailable, reason: "UNAVAILABLE", message: "away", retryAfterSeconds: 2) }
      guard key == GatewayHarness.key, let account = AccountID("acc_test") else { return nil }
      return Caller(account: account, requestsPerSecondMax: 5)
    }

    func note(user: UserID, of account: AccountID) async { users.append(user.text) }
  }

  final class Limiter: RateLimiter, @unchecked Sendable {
    var verdict = RateVerdict.allowed
    var keys: [String] = []

    func take(_ key: String, _ rule: RateRule) async -> RateVerdict {
      keys.append("\(key) \(rule.ratePerSecond)")
      return verdict
    }
  }
}

/// Compares without the macro's own diff, which takes minutes for large arrays.
func same(_ left: [UInt8], _ right: [UInt8]) -> Bool { left == right }

import EventLoops
import Foundation
import HTTPClient

@testable import ObjectStore

/// The stores that the contract is held against: our directory, and two S3 servers that others wrote.
enum StoreKind: String, CaseIterable, Sendable {
  case local
  case rclone
  case moto

  /// rclone streams parts on as they come, and says in its manual that other bytes for the same part are refused.
  var replacesParts: Bool { self != .rclone }
  /// rclone gives an upload up with a completion that it refuses.
  var survivesBadCompletion: Bool { self != .rclone }
  /// moto fails (500) now and then when a part comes twice at the same moment: it throws the first away while it is still reading it.
  var takesPartsTwiceAtOnce: Bool { self != .moto }
  /// moto fails (500) on an upload that it does not know, and does not look at the key.
  var refusesUnknownUploads: Bool { self != .moto }

  static let accessKey = "JETTYTESTACCESSKEY"
  static let secretKey = "jetty/test+secret"
  static let bucket = "jetty-test"

  /// Runs `body` on an event loop with a fresh store; what was started for it is stopped afterwards.
  func withStore(_ body: @escaping @Sendable (StoreFixture) async throws -> Void) async throws {
    try await TestMachine.withDirectory { directory in
      let loop = try EventLoop(name: "store-test")
      try loop.start()
      defer { loop.stop() }
      let port = try TestMachine.freePort()
      let server = try startServer(directory: directory, port: port)
      defer { server?.stop() }
      try await loop.run {
        let client = HTTPClient(loop: loop)
        if self != .local { try await Self.waitUntilAnswering(client, port: port) }
        let location = try self.location(directory: directory, port: port)
        if case .s3(let configuration, _) = location { try await Self.createBucket(client, configuration) }
        let store = try location.makeStore(loop: loop)
        let log = "\(directory)/server.log"
        try await body(StoreFixture(kind: self, store: store, location: location, client: client, loop: loop, serverLogPath: log))
      }
    }
  }

  private func location(directory: String, port: Int) throws -> ObjectStoreLocation {
    self == .local
      ? try ObjectStoreLocation(url: "file://\(directory)/store")
      : try ObjectStoreLocation(
        url: "s3://\(Self.bucket)?endpoint=http://127.0.0.1:\(port)&region=us-east-1",
        credentials: S3Credentials(accessKey: Self.accessKey, secretKey: Self.secretKey))
  }

  private func startServer(directory: String, port: Int) throws -> ChildProcess? {
    switch self {
    case .local:
      return nil
    case .rclone:
      let files = "\(directory)/files"
      try FileManager.default.createDirectory(atPath: files, withIntermediateDirectories: true)
      let arguments = ["serve", "s3", "--addr", "127.0.0.1:\(port)", "--auth-key", "\(Self.accessKey),\(Self.secretKey)", files]
      return try ChildProcess(TestMachine.rclone, arguments, environment: ["RCLONE_CONFIG": "\(directory)/rclone.conf"], in: directory)
    case .moto:
      return try ChildProcess(TestMachine.python, ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)], in: directory)
    }
  }

  private static func waitUntilAnswering(_ client: HTTPClient, port: Int) async throws {
    for _ in 0..<300 {
      if (try? await client.send(HTTPClientRequest(.get, "http://127.0.0.1:\(port)/", timeoutMilliseconds: 2000))) != nil { return }
      try await client.loop.sleep(milliseconds: 100)
    }
    throw HTTPClientError(.connect, "the S3 server for the test does not answer")
  }

  private static func createBucket(_ client: HTTPClient, _ configuration: S3Configuration) async throws {
    let reply = try await client.send(S3Requests(client: client, configuration: configuration).signed(.put, nil))
    guard reply.status == 200 else {
      throw HTTPClientError(.malformedResponse, "no bucket: \(reply.status) \(String(decoding: reply.body, as: UTF8.self))")
    }
  }
}

/// A store and what belongs to it.
struct StoreFixture: Sendable {
  let kind: StoreKind
  let store: any ObjectStore
  let location: ObjectStoreLocation
  let client: HTTPClient
  let loop: EventLoop
  let serverLogPath: String

  /// The end of what the server printed, to understand a failure by.
  var serverLog: String { ((try? String(contentsOfFile: serverLogPath, encoding: .utf8)) ?? "").suffix(3000).description }
}

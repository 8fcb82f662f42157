import Accounts
import Bytes
import Contracts
import HTTPClient
import Model
import RPC
import TLS
import Testing

@testable import Gateway

/// Chunks that come to the gateway and go on to an edge.
@Suite(.timeLimit(.minutes(1))) struct ChunkDoorTests {
  private static let file = newFile()
  private static let otherFile = newFile()
  private static let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
  private static let hash = "sha256:" + Hex.encode(SHA256.hash(bytes))

  private static func newFile() -> String {
    return FileID(unixMilliseconds: 1_700_000_000_000).text
  }

  private static func json(file: String = file) -> String {
    #"{"fileId": "\#(file)", "chunkIndex": 4, "data": "\#(Base64.encode(bytes))", "hash": "\#(hash)"}"#
  }

  private static func token(expiresAt: Int64 = 4_000_000_000) -> String {
    guard let id = FileID(file), let account = AccountID("acc_token"), let user = UserID("usr_1"),
      let plan = UploadPlan(fileSize: ByteCount(50 << 20))
    else { return "" }
    return UploadTokenSigner(key: GatewayHarness.tokenKey).sign(
      UploadToken(fileID: id, account: account, user: user, plan: plan, expiresAt: expiresAt))
  }

  @Test func jsonGoesOnToAnEdge() async throws {
    try await GatewayHarness.run { gateway in
      for _ in 0..<2 {
        let reply = try await gateway.post("/api/edge/upload-chunk", Self.json())
        #expect(reply.status == 200 && reply.json["ok"]?.boolValue == true && reply.json["size"]?.int64Value == 300_000, "\(reply.json)")
      }
      #expect(same(gateway.services.uploadedBytes, Self.bytes))
      #expect(gateway.services.uploadedHeaders.first == ChunkHeader(fileId: Self.file, chunkIndex: 4, hash: Self.hash))
      #expect(gateway.services.uploadTokens.first == "Bearer fresh-token")
      // The plan of edges is asked for once.
      #expect(gateway.services.replans == 1 && gateway.services.accounts == ["acc_test"])
    }
  }

  @Test func rawBytesGoOnToAnEdge() async throws {
    try await GatewayHarness.run { gateway in
      let digest = (name: "Content-Digest", value: "sha-256=:\(Base64.encode(SHA256.hash(Self.bytes))):")
      let path = "/api/edge/files/\(Self.file)/chunks/4"
      #expect(try await gateway.send(.put, path, [GatewayHarness.authorization, digest], Self.bytes).status == 200)
      #expect(same(gateway.services.uploadedBytes, Self.bytes))
      #expect(try await gateway.send(.post, path, [GatewayHarness.authorization, digest], Self.bytes).head["allow"] == "PUT")
      gateway.services.storesAlready = true
      let again = try await gateway.send(.put, path, [GatewayHarness.authorization, digest], Self.bytes)
      #expect(again.status == 200 && again.json["alreadyStored"]?.boolValue == true)
    }
  }

  private static func post(_ gateway: GatewayHarness, _ token: String, _ json: String = json()) async throws -> GatewayHarness.Reply {
    try await gateway.send(
      .post, "/api/edge/upload-chunk", [(name: "Authorization", value: "Bearer \(token)"), (name: "Content-Type", value: "application/json")],
      Array(json.utf8))
  }

  @Test func anUploadTokenWillDo() async throws {
    try await GatewayHarness.run { (gateway: GatewayHarness) async throws -> Void in
      #expect(try await Self.post(gateway, Self.token()).status == 200)
      #expect(gateway.services.accounts == ["acc_token"])
      #expect(try await Self.post(gateway, Self.token(expiresAt: 1)).reason == "TOKEN_EXPIRED")
      #expect(try await Self.post(gateway, "nonsense").status == 401)
      #expect(try await Self.post(gateway, Self.token(), Self.json(file: Self.otherFile)).status == 403)
      // A token opens nothing else.
      #expect(try await gateway.send(.get, "/api/jetty/stats", [(name: "Authorization", value: "Bearer \(Self.token())")]).status == 401)
    }
  }

  @Test func whatAnEdgeSaysIsPassedOn() async throws {
    try await GatewayHarness.run { gateway in
      gateway.services.uploadFailure = .problem(
        .alreadyExists, reason: "CHUNK_CONFLICT", field: "chunkIndex", message: "Other bytes have this place.")
      let conflict = try await gateway.post("/api/edge/upload-chunk", Self.json())
      #expect(conflict.status == 409 && conflict.field == "chunkIndex")
      gateway.services.uploadFailure = .problem(.unavailable, reason: "BUSY", message: "busy", retryAfterSeconds: 3)
      let busy = try await gateway.post("/api/edge/upload-chunk", Self.json())
      #expect(busy.status == 503 && busy.head["retry-after"] == "3", "\(busy)")
      gateway.services.failure = RPCError(.notFound, "there is no such upload")
      let other = Self.json(file: Self.otherFile)
      #expect(try await gateway.post("/api/edge/upload-chunk", other).status == 404)
    }
  }

  @Test func aDeadEdgeIsPassedOver() async throws {
    try await GatewayHarness.run { gateway in
      // Nobody listens on port 1.
      gateway.services.edgeAddresses.insert("127.0.0.1:1", at: 0)
      for _ in 0..<6 { #expect(try await gateway.post("/api/edge/upload-chunk", Self.json()).status == 200) }
      gateway.services.edgeAddresses = []
      let other = Self.json(file: Self.otherFile)
      let none = try await gateway.post("/api/edge/upload-chunk", other)
      #expect(none.status == 503 && none.reason == "NO_LIVE_EDGE")
    }
  }

  @Test func badChunksNameTheirField() async throws {
    try await GatewayHarness.run { gateway in
      for (body, field) in [
        (#"{"fileId": "FILE", "chunkIndex": 1, "hash": "sha256:abc", "data": ""}"#, "hash"),
        (#"{"fileId": "FILE", "chunkIndex": 1, "hash": "HASH", "data": "?"}"#, "data"),
        (#"{"fileId": "x", "chunkIndex": 1, "hash": "HASH", "data": ""}"#, "fileId"),
        (#"{"fileId": "FILE", "chunkIndex": "x", "hash": "HASH", "data": ""}"#, "chunkIndex"),
      ] {
        let reply = try await gateway.post(
          "/api/edge/upload-chunk", body.replacing("FILE", with: Self.file).replacing("HASH", with: Self.hash))
        #expect(reply.status == 400 && reply.field == field, "\(reply.json)")
      }
    }
  }
}

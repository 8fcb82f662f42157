import Contracts
import HTTPClient
import JSON
import RPC
import Testing

@testable import Gateway

/// The generated routes, by real sockets.
@Suite(.timeLimit(.minutes(1))) struct RESTTests {
  private static let hash = "sha256:" + String(repeating: "ab", count: 32)
  private static let file = "file_" + String(repeating: "a", count: 26)

  @Test func jsonBecomesACallAndBack() async throws {
    try await GatewayHarness.run { gateway in
      let body = """
        {"userId": "usr_123", "fileSize": 1073741824, "fileHash": "\(Self.hash)",
         "userLocation": {"lat": 37.7749, "lng": -122.4194, "city": "San Francisco"}, "priority": "speed", "budget": 0.50}
        """
      let reply = try await gateway.post("/api/jetty/optimal-edges", body)
      #expect(reply.status == 200, "\(reply)")
      #expect(reply.json["fileId"]?.stringValue == "file_x" && reply.json["chunksTotal"]?.int64Value == 3 && reply.json["duplicate"]?.isNull == true)
      #expect(reply.head["content-type"] == "application/json" && reply.head["jetty-request-id"] != nil)
      let asked = gateway.services.selected.first
      #expect(asked?.userId == "usr_123" && asked?.fileSize == 1 << 30 && asked?.priority == .speed)
      #expect(asked?.budgetMicroDollars == 500_000 && asked?.userLocation?.lat == 37.7749)
      #expect(gateway.services.accounts == ["acc_test"])
      #expect(gateway.services.requestIDs == [reply.head["jetty-request-id"] ?? "none"])
      #expect(gateway.book.users == ["usr_123"])
      #expect(gateway.limiter.keys == ["acc_test 5"])
    }
  }

  @Test func pathAndQueryBecomeACall() async throws {
    try await GatewayHarness.run { gateway in
      let reply = try await gateway.get("/api/jetty/get-state/usr_1/\(Self.file)")
      #expect(reply.status == 200 && reply.json["state"]?.isNull == true, "\(reply)")
      #expect(gateway.services.statesAsked == [GetStateRequest(userId: "usr_1", fileId: Self.file)])
      #expect(try await gateway.get("/api/jetty/stats?userId=usr_1").json["avgSpeedMbps"]?.doubleValue == 1.5)
      let head = try await gateway.send(.head, "/api/jetty/stats", [GatewayHarness.authorization])
      #expect(head.status == 200 && head.bytes.isEmpty)
    }
  }

  @Test func whoMayCall() async throws {
    try await GatewayHarness.run { gateway in
      let none = try await gateway.post("/api/jetty/optimal-edges", "{}", authorized: false)
      #expect(none.status == 401 && none.head["www-authenticate"] == #"Bearer realm="jetty""# && !none.error.isEmpty)
      for value in ["Bearer wrong", "Basic \(GatewayHarness.key)", "Bearer", "Bearer jetty_\(String(repeating: "b", count: 32))"] {
        let reply = try await gateway.send(.get, "/api/jetty/stats", [(name: "Authorization", value: value)])
        #expect(reply.status == 401, "\(value)")
      }
      gateway.limiter.verdict = .denied(retryAfterMilliseconds: 1500)
      let limited = try await gateway.get("/api/jetty/stats")
      #expect(limited.status == 429 && limited.head["retry-after"] == "2" && limited.reason == "RATE_LIMITED")
      gateway.book.isDown = true
      let away = try await gateway.get("/api/jetty/stats")
      #expect(away.status == 503 && away.head["retry-after"] == "2")
      #expect(gateway.services.accounts.isEmpty)
    }
  }

  @Test(arguments: [
    ("", "", 400), ("[]", "", 400), ("{", "", 400), (#"{"userId": 5, "fileSize": 1}"#, "userId", 400),
    (#"{"fileSize": 1}"#, "userId", 400), (#"{"userId": "usr_1"}"#, "fileSize", 400),
    (#"{"userId": "../x", "fileSize": 1}"#, "userId", 400), (#"{"userId": "a\u0000b", "fileSize": 1}"#, "userId", 400),
    (#"{"userId": "a\r\nb", "fileSize": 1}"#, "userId", 400), (#"{"userId": "usr_1", "fileSize": -1}"#, "fileSize", 400),
    (#"{"userId": "usr_1", "fileSize": 9223372036854775808}"#, "fileSize", 400),
    (#"{"userId": "usr_1", "fileSize": 1, "fileHash": "sha256:abc123..."}"#, "fileHash", 400),
    (#"{"userId": "usr_1", "fileSize": 1, "userLocation": {"lat": 91, "lng": 0}}"#, "userLocation.lat", 400),
    (#"{"userId": "usr_1", "fileSize": 1, "priority": "fastest"}"#, "priority", 400),
    (#"{"userId": "usr_1", "fileSize": 1, "budget": -1}"#, "budget", 400),
  ])
  func badInputNamesItsField(body: String, field: String, status: Int) async throws {
    try await GatewayHarness.run { gateway in
      let reply = try await gateway.post("/api/jetty/optimal-edges", body)
      #expect(reply.status == status && reply.field == field && !reply.error.isEmpty, "\(reply.json)")
      #expect(reply.head["content-type"] == "application/problem+json")
      #expect(gateway.services.selected.isEmpty)
    }
  }

  @Test func pathsMethodsAndTypes() async throws {
    try await GatewayHarness.run { gateway in
      #expect(try await gateway.get("/nothing/here").status == 404)
      #expect(try await gateway.get("/api/jetty/get-state/usr_1").status == 404)
      let method = try await gateway.get("/api/jetty/optimal-edges")
      #expect(method.status == 405 && method.head["allow"] == "POST")
      #expect(try await gateway.send(.put, "/api/jetty/stats").head["allow"] == "GET, HEAD")
      let type = try await gateway.send(
        .post, "/api/jetty/optimal-edges", [GatewayHarness.authorization, (name: "Content-Type", value: "text/plain")], [1])
      #expect(type.status == 415)
      let large = try await gateway.post("/api/jetty/optimal-edges", String(repeating: " ", count: 2 << 20))
      #expect(large.status == 413)
      let long = try await gateway.send(.get, "/api/jetty/stats", [(name: "X-Long", value: String(repeating: "x", count: 40_000))])
      #expect(long.status == 431)
      #expect(try await gateway.send(.get, "/healthz").json["status"]?.stringValue == "ok")
      let description = try await gateway.send(.get, "/openapi.json")
      #expect(description.json["openapi"]?.stringValue?.hasPrefix("3.1") == true)
      let paged = try await gateway.send(.get, "/healthz", [(name: "Origin", value: "https://app.example")])
      #expect(paged.head["access-control-allow-origin"] == "*")
    }
  }

  @Test func failuresOfServices() async throws {
    try await GatewayHarness.run { gateway in
      gateway.services.failure = .problem(
        .failedPrecondition, reason: "INCOMPLETE_UPLOAD", message: "Incomplete upload",
        incomplete: IncompleteUpload(uploaded: 2, expected: 3, missing: [1]))
      let body = #"{"fileId": "\#(Self.file)", "totalChunks": 3, "userId": "usr_1"}"#
      let incomplete = try await gateway.post("/api/edge/finalize-upload", body)
      #expect(incomplete.status == 400 && incomplete.error == "Incomplete upload" && incomplete.json["uploaded"]?.int64Value == 2)
      #expect(incomplete.json["missing"]?[0]?.int64Value == 1)
      gateway.services.failure = RPCError(.unavailable, "gone")
      let gone = try await gateway.post("/api/edge/finalize-upload", body)
      #expect(gone.status == 503 && gone.head["retry-after"] != nil)
      gateway.services.failure = RPCError(.notFound, "there is no such upload")
      #expect(try await gateway.post("/api/edge/finalize-upload", body).status == 404)
      // A service that nobody serves.
      let check = try await gateway.post(
        "/api/jetty/check-duplicate", #"{"fileHash": "\#(Self.hash)", "fileSize": 5, "userId": "usr_1", "fileName": "a", "fileType": "a/b"}"#)
      #expect(check.status == 501 || check.status == 400, "\(check.json)")
    }
  }
}

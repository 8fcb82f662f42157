import HTTPClient
import ObjectStore
import Testing

@testable import Gateway

/// Signed URLs of the local store.
@Suite(.timeLimit(.minutes(1))) struct ObjectDoorTests {
  private func path(_ gateway: GatewayHarness, _ key: ObjectKey, seconds: UInt32 = 60, name: String? = nil) -> String {
    let signed = gateway.signer.presignedGet(key: key, expiresInSeconds: seconds, fileName: name, contentType: "text/plain")
    return String(signed.url.dropFirst("http://gateway".count))
  }

  @Test func objectsAreServed() async throws {
    try await GatewayHarness.run { gateway in
      let bytes = (0..<600_000).map { UInt8(truncatingIfNeeded: $0 % 251) }
      let key = try ObjectKey("files/acc/usr/file_1")
      _ = try await gateway.store.put(key: key, bytes: bytes, contentType: nil)
      let url = path(gateway, key, name: "naïve \"name\".txt")
      let whole = try await gateway.send(.get, url)
      #expect(whole.status == 200 && same(whole.bytes, bytes) && whole.head["content-type"] == "text/plain")
      #expect(whole.head["content-disposition"]?.hasPrefix("attachment; filename=") == true)
      let etag = whole.head["etag"] ?? ""
      let head = try await gateway.send(.head, url)
      #expect(head.status == 200 && head.bytes.isEmpty && head.head["content-length"] == "600000" && head.head["accept-ranges"] == "bytes")
      let part = try await gateway.send(.get, url, [(name: "Range", value: "bytes=100-199")])
      #expect(part.status == 206 && same(part.bytes, Array(bytes[100..<200])) && part.head["content-range"] == "bytes 100-199/600000")
      #expect(try await gateway.send(.get, url, [(name: "Range", value: "bytes=-7")]).bytes == Array(bytes.suffix(7)))
      let past = try await gateway.send(.get, url, [(name: "Range", value: "bytes=600000-")])
      #expect(past.status == 416 && past.head["content-range"] == "bytes */600000")
      #expect(try await gateway.send(.get, url, [(name: "If-None-Match", value: etag)]).status == 304)
      let other = [(name: "Range", value: "bytes=0-1"), (name: "If-Range", value: "\"other\"")]
      #expect(try await gateway.send(.get, url, other).status == 200)
      #expect(try await gateway.send(.get, url, [(name: "Range", value: "bytes=0-1"), (name: "If-Range", value: etag)]).status == 206)
    }
  }

  @Test func onlySignedURLsOpen() async throws {
    try await GatewayHarness.run { gateway in
      let key = try ObjectKey("files/acc/usr/file_1")
      _ = try await gateway.store.put(key: key, bytes: [1, 2, 3], contentType: nil)
      let url = path(gateway, key)
      #expect(try await gateway.send(.get, url).status == 200)
      #expect(try await gateway.send(.get, url.replacing("file_1", with: "file_2")).status == 403)
      let changed = try await gateway.send(.get, url + "x").status
      #expect(changed == 403 || changed == 400)
      #expect(try await gateway.send(.get, "/objects/files/acc/usr/file_1").status == 400)
      #expect(try await gateway.send(.get, "/objects/../secrets?expires=1&signature=x").status >= 400)
      #expect(try await gateway.send(.post, url, [], [1]).head["allow"] == "GET, HEAD")
      let expired = gateway.signer.presignedGet(key: key, expiresInSeconds: 1, at: 1_000_000).url.dropFirst("http://gateway".count)
      #expect(try await gateway.send(.get, String(expired)).reason == "URL_EXPIRED")
      let missing = path(gateway, try ObjectKey("files/acc/usr/none"))
      #expect(try await gateway.send(.get, missing).status == 404)
    }
  }
}

import Bytes
import Compression
import Contracts
import HTTPClient
import Model
import RPC
import TestSupport
import Testing

@testable import EdgeWorker

/// The three doors against a real store, by real sockets.
@Suite(.timeLimit(.minutes(2))) struct EdgeDoorTests {
  private let first = Fixture.first
  private let last = Fixture.last

  private func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
    var buffer = ByteBuffer()
    try bytes.withUnsafeBytes { try Gzip.compress($0, level: 1, into: &buffer) }
    return buffer.array
  }

  private func json(_ file: FileID, _ index: Int, _ bytes: [UInt8], hash: [UInt8]? = nil) -> String {
    #"{"fileId": "\#(file)", "chunkIndex": \#(index), "data": "\#(Base64.encode(bytes))", "hash": "\#(Fixture.hash(hash ?? bytes))"}"#
  }

  @Test func rawDoor() async throws {
    try await EdgeHarness.run { [first, last] edge in
      let file = Fixture.file()
      let reply = try await edge.put(file, 0, first)
      #expect(reply.status == 200 && reply.json["ok"]?.boolValue == true && reply.json["size"]?.uint64Value == UInt64(first.count))
      #expect(try await edge.put(file, 1, last).status == 200)
      #expect(same(try await edge.complete(file), first + last))
      #expect(edge.core.getUploadCalls == 1)
      #expect(edge.activity.bytesReceived == UInt64(first.count + last.count))
    }
  }

  @Test func jsonDoor() async throws {
    try await EdgeHarness.run { [first, last] edge in
      let file = Fixture.file()
      let token = Fixture.token(for: file)
      // As documented, the hash comes after the data; another order, escapes and unknown members do as well.
      #expect(try await edge.post(json(file, 0, first), token: token).status == 200)
      let escaped = Base64.encode(last).split(separator: "/", omittingEmptySubsequences: false).joined(separator: "\\/")
        .split(separator: "+", omittingEmptySubsequences: false).joined(separator: "\\u002B")
      let other =
        #"{"extra": {"a": [1, "}"]}, "hash": "\#(Fixture.hash(last))", "chunkIndex": 1, "fileId": "\#(file)", "data": "\#(escaped)", "n": null}"#
      let reply = try await edge.post(other, token: token)
      #expect(reply.status == 200, "\(reply)")
      #expect(same(try await edge.complete(file), first + last))
    }
  }

  @Test func rpcDoor() async throws {
    try await EdgeHarness.run { [first, last] edge in
      let file = Fixture.file()
      var options = CallOptions(timeoutMilliseconds: 20_000)
      options.metadata["authorization"] = "Bearer \(Fixture.token(for: file))"
      let client = EdgeWorkerClient(edge.edgeChannel)
      for (index, bytes) in [first, last].enumerated() {
        let answer = try await client.uploadChunk(options: options) { writer in
          let header = ChunkHeader(fileId: file.text, chunkIndex: UInt32(index), hash: Fixture.hash(bytes).text)
          try await writer.write(UploadChunkRequest(part: .header(header)))
          for start in stride(from: 0, to: bytes.count, by: 1 << 20) {
            try await writer.write(UploadChunkRequest(part: .data(Array(bytes[start..<min(start + 1 << 20, bytes.count)]))))
          }
        }
        #expect(answer.ok && answer.size == UInt64(bytes.count))
      }
      #expect(same(try await edge.complete(file), first + last))
      let load = try await client.getLoad(GetLoadRequest(), options: options)
      #expect(load.edgeId == "sfo-1" && load.bytesReceived == UInt64(first.count + last.count))
      #expect(try await client.warmUp(WarmUpRequest(), options: options).ok)
      // Bytes without a header.
      await #expect(throws: RPCError.self) {
        try await client.uploadChunk(options: options) { try await $0.write(UploadChunkRequest(part: .data([1]))) }
      }
    }
  }

  @Test func gzipBodies() async throws {
    try await EdgeHarness.run { [last] edge in
      let file = Fixture.file()
      let coding = [(name: "Content-Encoding", value: "gzip")]
      #expect(try await edge.put(file, 1, gzip(last), digestOf: last, coding).status == 200)
      // A bomb stops at the chunk's size; damage and other codings are named.
      let bomb = try gzip([UInt8](repeating: 0, count: 40 << 20))
      let bombed = try await edge.put(file, 0, bomb, digestOf: [], coding)
      #expect(bombed.status == 400 && bombed.field == "body", "\(bombed)")
      #expect(edge.activity.bytesReceived < 12 << 20)
      #expect(try await edge.put(file, 0, Array("no gzip".utf8), digestOf: [], coding).status == 400)
      #expect(try await edge.put(file, 0, [1], [(name: "Content-Encoding", value: "br")]).status == 415)
    }
  }

  @Test func wrongBytesAreRefusedAndForgotten() async throws {
    try await EdgeHarness.run { [first, last] edge in
      let file = Fixture.file()
      let token = Fixture.token(for: file)
      let mismatch = try await edge.put(file, 0, first, digestOf: last)
      #expect(mismatch.status == 400 && mismatch.field == "hash" && mismatch.reason == "HASH_MISMATCH", "\(mismatch)")
      let mismatchJSON = try await edge.post(json(file, 0, first, hash: last), token: token)
      #expect(mismatchJSON.status == 400 && mismatchJSON.field == "hash", "\(mismatchJSON)")
      #expect(edge.record(file, 0) == nil)
      for bytes in [Array(first.dropLast()), first + [0]] {
        let reply = try await edge.put(file, 0, bytes)
        #expect(reply.status == 400 && reply.field == "body" && reply.reason == "WRONG_LENGTH", "\(reply)")
        let posted = try await edge.post(json(file, 0, bytes), token: token)
        #expect(posted.status == 400 && posted.field == "data" && posted.reason == "WRONG_LENGTH", "\(posted)")
      }
      // The right bytes have their place still; others then have not.
      #expect(try await edge.put(file, 0, first).status == 200)
      #expect(try await edge.put(file, 0, Fixture.bytes(Fixture.chunkSize, seed: 9)).status == 409)
      let again = try await edge.put(file, 0, first)
      #expect(again.status == 200 && again.json["alreadyStored"]?.boolValue == true)
      #expect(try await edge.post(json(file, 0, first), token: token).json["alreadyStored"]?.boolValue == true)
    }
  }

  @Test func whoMayStore() async throws {
    try await EdgeHarness.run { [last] edge in
      let file = Fixture.file()
      let path = "/api/edge/files/\(file)/chunks/1"
      let none = try await edge.send(.put, path, [(name: "Content-Digest", value: Fixture.digestField(last))], last)
      #expect(none.status == 401 && none.head["www-authenticate"]?.hasPrefix("Bearer") == true)
      #expect(try await edge.put(file, 1, last, token: "nonsense").status == 401)
      #expect(try await edge.put(file, 1, last, token: Fixture.token(for: file, expiresAt: 1)).reason == "TOKEN_EXPIRED")
      #expect(try await edge.put(file, 1, last, token: Fixture.token(for: file, key: .generate())).status == 401)
      #expect(try await edge.put(file, 1, last, token: Fixture.token(for: Fixture.file())).status == 403)
      #expect(try await edge.put(file, 2, last).field == "chunkIndex")
      #expect(edge.core.chunks.isEmpty)
    }
  }

  @Test(arguments: [
    ("", "", 400), ("[1]", "", 400), ("{}", "data", 400), ("{", "", 400), (#"{"data": 5}"#, "data", 400),
    (#"{"fileId": 5, "chunkIndex": 1, "hash": "x", "data": ""}"#, "fileId", 400),
    (#"{"fileId": "../x", "chunkIndex": 1, "hash": "HASH", "data": ""}"#, "fileId", 400),
    (#"{"fileId": "FILE", "chunkIndex": -1, "hash": "HASH", "data": ""}"#, "chunkIndex", 400),
    (#"{"fileId": "FILE", "chunkIndex": 1.5, "hash": "HASH", "data": ""}"#, "chunkIndex", 400),
    (#"{"fileId": "FILE", "chunkIndex": 99999, "hash": "HASH", "data": ""}"#, "chunkIndex", 400),
    (#"{"fileId": "FILE", "chunkIndex": {"a": 1}, "hash": "HASH", "data": ""}"#, "chunkIndex", 400),
    (#"{"fileId": "FILE", "chunkIndex": 1, "hash": "sha256:abc123...", "data": ""}"#, "hash", 400),
    (#"{"fileId": "FILE", "chunkIndex": 1, "hash": "HASH", "data": "A"}"#, "data", 400),
    (#"{"fileId": "FILE", "chunkIndex": 1, "hash": "HASH", "data": "AA\nAA"}"#, "data", 400),
    (#"{"fileId": "FILE", "chunkIndex": 1, "hash": "HASH", "data": "****"}"#, "data", 400),
    (#"{"fileId": "FILE", "chunkIndex": 1, "hash": "HASH", "data": "AAAA", "data": "AAAA"}"#, "data", 400),
    (#"{"fileId": "FILE", "chunkIndex": 1, "hash": "HASH", "data": "AAAA", "hash": "HASH"}"#, "hash", 400),
    (#"{"fileId": "FILE", "chunkIndex": 1, "hash": "HASH", "data": "AAAA""#, "", 400),
    (#"{"fileId": "FILE", "chunkIndex": 1, "data": "AAAA"}"#, "hash", 400),
    (#"{"fileId": "FILE", "chunkIndex": 1, "hash": "HASH", "data": "AAAA" "x": 1}"#, "", 400),
  ])
  func malformedJSON(text: String, field: String, status: Int) async throws {
    try await EdgeHarness.run { [last] edge in
      let file = Fixture.file()
      let body = text.replacing("FILE", with: file.text).replacing("HASH", with: Fixture.hash(last).text)
      let reply = try await edge.post(body, token: Fixture.token(for: file))
      #expect(reply.status == status && reply.field == field && !reply.error.isEmpty, "\(reply)")
      #expect(edge.record(file, 1)?.etag == nil)
    }
  }

  @Test func rawDoorNamesWhatIsWrong() async throws {
    try await EdgeHarness.run { [last] edge in
      let file = Fixture.file()
      let authorization = (name: "Authorization", value: "Bearer \(Fixture.token(for: file))")
      let noDigest = try await edge.send(.put, "/api/edge/files/\(file)/chunks/1", [authorization], last)
      #expect(noDigest.status == 400 && noDigest.field == "Content-Digest")
      for bad in ["sha-256=abc", "sha-512=:AAAA:", "sha-256=:AAAA:", "sha-256=:\(Base64.encode(Array(last.prefix(33)))):"] {
        let headers = [authorization, (name: "Content-Digest", value: bad)]
        #expect(try await edge.send(.put, "/api/edge/files/\(file)/chunks/1", headers, last).field == "Content-Digest", "\(bad)")
      }
      for index in ["-1", "01", "x", "10000", "99999999999"] {
        let headers = [authorization, (name: "Content-Digest", value: Fixture.digestField(last))]
        #expect(try await edge.send(.put, "/api/edge/files/\(file)/chunks/\(index)", headers, last).status == 400, "\(index)")
      }
      #expect(try await edge.send(.get, "/api/edge/files/\(file)/chunks/1").head["allow"] == "PUT")
      #expect(try await edge.send(.get, "/api/edge/upload-chunk").status == 405)
      #expect(try await edge.send(.get, "/nothing").status == 404)
    }
  }
}

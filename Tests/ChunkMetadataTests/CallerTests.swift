import Contracts
import Model
import RPC
import Testing

@testable import ChunkMetadata

@Suite("Who may do what", .timeLimit(.minutes(3)))
struct CallerTests {
  @Test("without a good token an edge writes nothing")
  func tokens() async throws {
    try await withChunks { stack in
      let upload = TestUpload(stack)
      let expired = TestUpload(stack, validSeconds: -1)
      let request = ClaimChunkRequest(fileId: upload.file.text, chunkIndex: 0, hash: hash("a"), edgeId: "sfo-1", size: upload.size(0))
      func refusal(_ authorization: String?) async throws -> RPCError? {
        var metadata: Metadata = ["jetty-account": upload.account.text, "jetty-service": "edge"]
        metadata["authorization"] = authorization
        return try await failure { try await stack.client.claimChunk(request, options: CallOptions(metadata: metadata)) }
      }
      #expect(try await refusal(nil)?.problem?.reason == "TOKEN_MISSING")
      #expect(try await refusal("Basic abc")?.problem?.reason == "TOKEN_MISSING")
      for bad in ["nonsense", expired.token, String(upload.token.dropLast(8)) + "AAAAAAAA"] {
        let error = try await refusal("Bearer \(bad)")
        #expect(error?.code == .unauthenticated)
        #expect(error?.problem?.reason == "TOKEN_INVALID")
      }
      #expect(try await refusal("Bearer \(TestUpload(stack).token)")?.code == .permissionDenied)
      #expect(try await refusal("bearer \(upload.token)") == nil)
    }
  }

  @Test("a chunk must be one of the plan")
  func plan() async throws {
    try await withChunks { stack in
      let upload = TestUpload(stack, chunks: 3)
      func refusal(index: UInt32, size: UInt64) async throws -> RPCError? {
        try await failure {
          try await stack.client.recordChunk(
            RecordChunkRequest(fileId: upload.file.text, chunkIndex: index, hash: hash("a"), edgeId: "sfo-1", size: size, etag: "e"),
            options: upload.options)
        }
      }
      for (index, size, field) in [
        (UInt32(3), UInt64(1_000), "chunkIndex"), (10_000, 1_000, "chunkIndex"), (.max, 1_000, "chunkIndex"), (2, 999, "size"), (0, 0, "size"),
        (1, .max, "size"),
      ] {
        let error = try await refusal(index: index, size: size)
        #expect(error?.code == .invalidArgument, "\(index) \(size)")
        #expect(error?.problem?.field == field)
      }
      #expect(try await refusal(index: 2, size: 1_000) == nil)
    }
  }

  @Test("internal calls are limited to the account, unless a service calls")
  func scopes() async throws {
    try await withChunks { stack in
      let upload = TestUpload(stack)
      try await upload.record(0, "a")
      #expect(try await failure { try await upload.list(CallOptions()) }?.code == .unauthenticated)
      #expect(try await failure { try await upload.list(CallOptions(metadata: ["jetty-account": "no such/name"])) }?.code == .unauthenticated)
      #expect(try await upload.list(CallOptions(metadata: ["jetty-account": "acc_two"])).isEmpty)
      #expect(try await upload.list(TestUpload.asService).count == 1)
      _ = try await stack.client.dropChunks(
        DropChunksRequest(fileId: upload.file.text), options: CallOptions(metadata: ["jetty-account": "acc_two"]))
      #expect(try await upload.list().count == 1)
    }
  }

  @Test("a summary tells what came through which edge")
  func summary() async throws {
    try await withChunks { stack in
      let first = TestUpload(stack)
      let second = TestUpload(stack, account: "acc_two")
      let empty = TestUpload(stack)
      _ = try await empty.claim(0, "only claimed")
      try await first.record(0, "a", edge: "lax-1")
      try await first.record(1, "b", edge: "sfo-1")
      try await first.record(2, "c", edge: "sfo-1")
      try await second.record(3, "d")
      let request = SummarizeChunksRequest(fileIds: [first.file.text, second.file.text, empty.file.text])
      let mine = try await stack.client.summarizeChunks(request, options: first.asAccount).summaries
      #expect(mine.map(\.fileId) == [first.file.text])
      #expect(mine.first?.chunksStored == 3)
      #expect(mine.first?.edges.map(\.edgeId) == ["sfo-1", "lax-1"])
      #expect(mine.first?.edges.map(\.bytes) == [10 << 20, 5 << 20])
      let all = try await stack.client.summarizeChunks(request, options: TestUpload.asService).summaries
      #expect(all.map(\.fileId) == [first.file, second.file].sorted().map(\.text))
    }
  }
}

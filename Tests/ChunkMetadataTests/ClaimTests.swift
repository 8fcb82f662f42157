import Contracts
import Model
import RPC
import Testing

@testable import ChunkMetadata

@Suite("Claims and receipts", .timeLimit(.minutes(3)))
struct ClaimTests {
  @Test("a chunk is claimed, recorded, and then listed")
  func wholeWay() async throws {
    try await withChunks { stack in
      let upload = TestUpload(stack)
      #expect(try await upload.claim(1, "one") == ClaimChunkResponse(alreadyStored: false, etag: ""))
      #expect(try await upload.list().isEmpty, "a claim is no chunk")
      #expect(try await upload.record(1, "one", etag: "e1").chunksStored == 1)
      #expect(try await upload.record(3, "three", edge: "lax-1", etag: "e3").chunksStored == 2, "a receipt without a claim is good too")

      let chunks = try await upload.list()
      #expect(chunks.map(\.index) == [1, 3])
      #expect(chunks.map(\.hash) == [hash("one"), hash("three")])
      #expect(chunks.map(\.etag) == ["e1", "e3"])
      #expect(chunks.map(\.edgeId) == ["sfo-1", "lax-1"])
      #expect(chunks.map(\.size) == [5 << 20, 1_000])
      #expect(chunks.allSatisfy { abs($0.storedAt - ChunkMetadataProgram.unixMilliseconds()) < 60_000 })

      let missing = try await stack.client.missingChunks(
        MissingChunksRequest(fileId: upload.file.text, chunksTotal: 4), options: upload.asAccount)
      #expect(missing == MissingChunksResponse(missing: [0, 2], stored: 2, bytesStored: 5 << 20 + 1_000))
    }
  }

  @Test("other bytes are a conflict while a claim's lease runs")
  func conflict() async throws {
    try await withChunks { stack in
      let upload = TestUpload(stack)
      _ = try await upload.claim(0, "mine")
      #expect(try await upload.claim(0, "mine", edge: "lax-1").alreadyStored == false, "the same bytes may come by another edge")
      for error in [try await failure { try await upload.claim(0, "yours") }, try await failure { try await upload.record(0, "yours") }] {
        #expect(error?.code == .alreadyExists)
        #expect(error?.problem?.reason == "CHUNK_CONFLICT")
      }
      #expect(try await upload.record(0, "mine").chunksStored == 1)
    }
  }

  @Test("a claim that was never recorded falls to other bytes after its lease")
  func lease() async throws {
    try await withChunks { stack in
      let upload = TestUpload(stack)
      _ = try await upload.claim(0, "slow")
      try await stack.age(seconds: 119)
      #expect(try await failure { try await upload.claim(0, "quick") }?.problem?.reason == "CHUNK_CONFLICT")
      // The slow edge still sends: its lease begins anew.
      _ = try await upload.claim(0, "slow")
      try await stack.age(seconds: 119)
      #expect(try await failure { try await upload.claim(0, "quick") }?.problem?.reason == "CHUNK_CONFLICT")
      try await stack.age(seconds: 2)
      #expect(try await upload.claim(0, "quick").alreadyStored == false)
      #expect(try await failure { try await upload.record(0, "slow") }?.problem?.reason == "CHUNK_CONFLICT")
      try await upload.record(0, "quick")
      #expect(try await upload.list().map(\.hash) == [hash("quick")])
    }
  }

  @Test("a recorded chunk answers with its ETag and never gives way")
  func recorded() async throws {
    try await withChunks { stack in
      let upload = TestUpload(stack)
      try await upload.record(2, "good", etag: "part-3")
      #expect(try await upload.claim(2, "good", edge: "nyc-1") == ClaimChunkResponse(alreadyStored: true, etag: "part-3"))
      try await stack.age(seconds: 100_000)
      #expect(try await failure { try await upload.claim(2, "bad") }?.code == .alreadyExists)
      #expect(try await failure { try await upload.record(2, "bad") }?.code == .alreadyExists)
      try await upload.release(2, "good")
      #expect(try await upload.list().map(\.hash) == [hash("good")], "what is recorded cannot be released")
    }
  }

  @Test("recording again is fine, and the newest ETag stands")
  func again() async throws {
    try await withChunks { stack in
      let upload = TestUpload(stack)
      try await upload.record(0, "a", etag: "old")
      let first = try await upload.list()
      #expect(try await upload.record(0, "a", edge: "lax-1", etag: "new").chunksStored == 1)
      let second = try await upload.list()
      #expect(second.map(\.etag) == ["new"])
      #expect(second.map(\.edgeId) == ["lax-1"])
      #expect(second.map(\.storedAt) == first.map(\.storedAt))
    }
  }

  @Test("a released claim leaves its place to anyone, but only its own edge and bytes release it")
  func release() async throws {
    try await withChunks { stack in
      let upload = TestUpload(stack)
      _ = try await upload.claim(0, "first")
      try await upload.release(0, "first", edge: "lax-1")
      try await upload.release(0, "other")
      #expect(try await failure { try await upload.claim(0, "second") }?.code == .alreadyExists)
      try await upload.release(0, "first")
      try await upload.release(0, "first")
      #expect(try await upload.claim(0, "second").alreadyStored == false)
    }
  }

  @Test("abandoned claims are forgotten after a day, chunks are not")
  func sweep() async throws {
    try await withChunks { stack in
      let upload = TestUpload(stack)
      _ = try await upload.claim(0, "abandoned")
      try await upload.record(1, "kept")
      #expect(try await stack.map.sweep() == 0)
      try await stack.age(seconds: 25 * 3_600)
      _ = try await upload.claim(2, "new")
      #expect(try await stack.map.sweep() == 1)
      #expect(try await upload.list().map(\.index) == [1])
      #expect(try await failure { try await upload.claim(2, "other") }?.code == .alreadyExists)
    }
  }

  @Test("an upload that has ended is forgotten, once and again")
  func drop() async throws {
    try await withChunks { stack in
      let upload = TestUpload(stack)
      let other = TestUpload(stack)
      try await upload.record(0, "a")
      try await other.record(0, "b")
      for _ in 0..<2 {
        _ = try await stack.client.dropChunks(DropChunksRequest(fileId: upload.file.text), options: TestUpload.asService)
      }
      #expect(try await upload.list().isEmpty)
      #expect(try await other.list().count == 1)
      #expect(try await stack.redis.hgetall("chunk:{\(upload.file)}:0").isEmpty)
    }
  }
}

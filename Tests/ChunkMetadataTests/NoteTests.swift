import Model
import RPC
import Testing

@testable import ChunkMetadata

@Suite("Notes of clients", .timeLimit(.minutes(3)))
struct NoteTests {
  @Test("a note is kept for an hour and changes nothing else")
  func kept() async throws {
    try await withChunks { stack in
      let upload = TestUpload(stack)
      upload.open()
      let answer = try await upload.note(0, "said")
      #expect(answer.ok)
      #expect(answer.ttl == 3_600)
      let key = "chunk:{\(upload.file)}:0"
      #expect(try await stack.redis.hgetall(key)["hash"] == Array(hash("said").utf8))
      let remaining = try await stack.redis.send(["TTL", .string(key)]).integer
      #expect((3_590...3_600).contains(remaining))
      #expect(try await upload.list().isEmpty, "it does not count as stored")
      #expect(try await upload.claim(0, "else").alreadyStored == false, "it keeps no edge away")
    }
  }

  @Test("a note that contradicts an edge is a conflict")
  func conflict() async throws {
    try await withChunks { stack in
      let upload = TestUpload(stack)
      upload.open()
      _ = try await upload.claim(0, "claimed")
      try await upload.record(1, "recorded")
      for index in [UInt32(0), 1, 1] {
        let error = try await failure { try await upload.note(index, "else") }
        #expect(error?.code == .alreadyExists)
        #expect(error?.problem?.reason == "CHUNK_CONFLICT")
      }
      #expect(try await upload.note(0, "claimed").ok)
      #expect(try await upload.note(1, "recorded").ok)
      try await stack.age(seconds: 121)
      #expect(try await upload.note(0, "else").ok, "a claim past its lease holds nothing")
      #expect(try await failure { try await upload.note(1, "else") }?.code == .alreadyExists)
    }
  }

  @Test("a missing upload and somebody else's look the same")
  func strangers() async throws {
    try await withChunks { stack in
      let upload = TestUpload(stack)
      let missing = try await failure { try await upload.note(0, "a") }
      upload.open()
      let foreign = try await failure { try await upload.note(0, "a", account: "acc_two") }
      #expect(missing?.code == .notFound)
      #expect(missing?.message == foreign?.message)
      #expect(missing?.problem == foreign?.problem)
      #expect(try await upload.note(0, "a").ok)
      // Now the owner is in the cache.
      #expect(try await failure { try await upload.note(0, "a", account: "acc_two") }?.problem == missing?.problem)
      #expect(try await failure { try await upload.note(9, "a") }?.problem?.field == "chunkIndex")
    }
  }

  @Test("the owner of an upload is asked for once")
  func owners() async throws {
    try await withChunks { stack in
      let upload = TestUpload(stack)
      upload.open()
      for index in UInt32(0)..<4 { _ = try await upload.note(index, "a") }
      #expect(stack.uploads.questions == 1)
    }
  }
}

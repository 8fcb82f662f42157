import Contracts
import Model
import RPC
import Testing

@testable import UploadState

@Suite("Saved state", .timeLimit(.minutes(3)))
struct StateTests {
  @Test("the chunk map says how far an upload is, the client which edges it uses")
  func state() async throws {
    try await withState { stack in
      let session = TestSession(stack)
      try await session.open()
      var expected = SavedState(
        fileId: session.file.text, chunksUploaded: [], chunksRemaining: [0, 1, 2, 3], edges: ["sfo-1", "lax-1"], progress: 0,
        total: session.plan.fileSize.rawValue)
      #expect(try await session.state() == expected)
      session.stored(1)
      session.stored(3)
      // What the client believes is not what is told.
      let saved = try await session.save(
        SavedState(
          fileId: session.file.text, chunksUploaded: [0, 1, 2, 3], chunksRemaining: [], edges: ["nyc-1"], progress: session.plan.fileSize.rawValue,
          total: session.plan.fileSize.rawValue))
      #expect(saved.ok)
      #expect(abs(saved.expiresAt - stack.now - 7 * 86_400_000) < 3_600_000)
      expected.chunksUploaded = [1, 3]
      expected.chunksRemaining = [0, 2]
      expected.edges = ["nyc-1"]
      expected.progress = 5 << 20 + 1_000
      #expect(try await session.state() == expected)
      try await session.save(SavedState(edges: ["ams-1", "fra-1"]))
      #expect(try await session.state()?.edges == ["ams-1", "fra-1"])
    }
  }

  @Test("a missing upload and somebody else's are both null")
  func strangers() async throws {
    try await withState { stack in
      let session = TestSession(stack)
      #expect(try await session.state() == nil)
      try await session.open()
      #expect(try await session.state(user: "usr_2") == nil)
      #expect(try await session.state(CallOptions(metadata: ["jetty-account": "acc_two"])) == nil)
      #expect(try await failure { try await session.state(CallOptions()) }?.code == .unauthenticated)
      #expect(try await failure { try await session.save(user: "usr_2") }?.code == .notFound)
    }
  }

  @Test("a complete upload is whole, one that was given up is null")
  func ended() async throws {
    try await withState { stack in
      let complete = TestSession(stack)
      let aborted = TestSession(stack)
      for session in [complete, aborted] { try await session.open() }
      try await complete.close()
      try await aborted.close(.aborted)
      let state = try await complete.state()
      #expect(state?.chunksUploaded == [0, 1, 2, 3])
      #expect(state?.chunksRemaining == [])
      #expect(state?.progress == complete.plan.fileSize.rawValue)
      #expect(try await aborted.state() == nil)
      for session in [complete, aborted] { #expect(try await failure { try await session.save() }?.problem?.reason == "UPLOAD_ENDED") }
    }
  }

  @Test("what cannot be true is refused by the name of the field", arguments: [
    ("state.fileId", SavedState(fileId: "file_06bqzxw5s5z0h2v8q3c7k1m9ta")), ("state.chunksUploaded", SavedState(chunksUploaded: [4])),
    ("state.chunksRemaining", SavedState(chunksRemaining: [0, 9_999])), ("state.edges", SavedState(edges: ["Not An Edge"])),
    ("state.total", SavedState(total: 1)), ("state.progress", SavedState(progress: 1 << 60)),
  ])
  func refused(field: String, state: SavedState) async throws {
    try await withState { stack in
      let session = TestSession(stack)
      try await session.open()
      let error = try await failure { try await session.save(state) }
      #expect(error?.code == .invalidArgument)
      #expect(error?.problem?.field == field)
    }
  }

  @Test("without the chunk map there is no state, and no wrong one")
  func withoutChunks() async throws {
    try await withState { stack in
      let session = TestSession(stack)
      try await session.open()
      stack.chunks.failure = RPCError(.unavailable, "down")
      #expect(try await failure { try await session.state() }?.code == .unavailable)
      try await session.save()
      stack.chunks.failure = nil
      #expect(try await session.state()?.edges == ["nyc-1"])
    }
  }

  @Test("the indices of a progress add up to the plan")
  func uploaded() {
    let progress = UploadProgress(chunksStored: 3, bytesStored: .zero, missing: [0, 4])
    #expect(progress.uploaded(of: 5) == [1, 2, 3])
    #expect(UploadProgress(chunksStored: 0, bytesStored: .zero, missing: []).uploaded(of: 0) == [])
  }
}

import Contracts
import EventLoops
import Model
import ObjectStore
import RPC
import TestSupport
import Testing

@testable import UploadState

@Suite("Sessions", .timeLimit(.minutes(3)))
struct SessionTests {
  @Test("opening keeps everything, and opening again finds it")
  func open() async throws {
    try await withState { stack in
      let session = TestSession(stack)
      let opened = try await session.open()
      #expect(opened.status == .inProgress)
      #expect(opened.objectKey == "files/acc_one/usr_1/\(session.file)")
      #expect(opened.expiresAt - opened.startedAt == 7 * 86_400_000)
      #expect(opened.multipartUploadId.isEmpty)
      var expected = session.upload
      expected.status = .inProgress
      expected.objectKey = opened.objectKey
      expected.startedAt = opened.startedAt
      expected.expiresAt = opened.expiresAt
      #expect(opened == expected)
      #expect(try await session.open { $0.threads = 20 } == opened)
      #expect(try await session.get() == opened)
    }
  }

  @Test("an id that is taken is not opened a second time")
  func taken() async throws {
    try await withState { stack in
      let session = TestSession(stack)
      try await session.open()
      let error = try await failure { try await session.open { $0.userId = "usr_2" } }
      #expect(error?.code == .alreadyExists)
      #expect(error?.problem?.reason == "FILE_ID_TAKEN")
      let stranger = try await failure {
        var upload = session.upload
        upload.accountId = "acc_two"
        return try await stack.client.openUpload(
          OpenUploadRequest(upload: upload), options: CallOptions(metadata: ["jetty-account": "acc_two"]))
      }
      #expect(stranger?.code == .alreadyExists)
    }
  }

  private static let refusals: [(field: String, change: @Sendable (inout Upload) -> Void)] = [
    ("upload.fileId", { $0.fileId = "file_1" }), ("upload.userId", { $0.userId = "a b" }), ("upload.fileHash", { $0.fileHash = "sha256:abc" }),
    ("upload.plan", { $0.plan = nil }), ("upload.plan", { $0.plan?.chunksTotal = 99 }), ("upload.plan", { $0.plan?.chunkSize = 0 }),
    ("upload.plan", { $0.plan?.fileSize = .max }), ("upload.edges", { $0.edges = ["../etc"] }), ("upload.threads", { $0.threads = 10_000 }),
    ("upload.edges", { $0.edges = Array(repeating: "sfo-1", count: 65) }), ("upload.accountId", { $0.accountId = "acc_two" }),
    ("upload.estimatedCostMicroDollars", { $0.estimatedCostMicroDollars = -1 }),
  ]

  @Test("a session that cannot be is refused by the name of the field")
  func refused() async throws {
    try await withState { stack in
      for (field, change) in Self.refusals {
        let error = try await failure { try await TestSession(stack).open(change) }
        #expect(error?.problem?.field == field)
        #expect(error?.code == (field == "upload.accountId" ? .permissionDenied : .invalidArgument))
      }
    }
  }

  @Test("a missing upload and somebody else's look the same")
  func strangers() async throws {
    try await withState { stack in
      let session = TestSession(stack)
      let missing = try await failure { try await session.get() }
      try await session.open()
      let other = CallOptions(metadata: ["jetty-account": "acc_two"])
      for error in [try await failure { try await session.get(other) }, try await failure { try await session.get(user: "usr_2") }] {
        #expect(error?.code == .notFound)
        #expect(error?.message == missing?.message)
        #expect(error?.problem == missing?.problem)
      }
      #expect(try await session.get(user: "usr_1").fileId == session.file.text)
      #expect(try await session.get(TestSession.asService).fileId == session.file.text)
      #expect(try await failure { try await session.get(CallOptions()) }?.code == .unauthenticated)
    }
  }

  @Test("an upload token opens its own session only")
  func tokens() async throws {
    try await withState { stack in
      let session = TestSession(stack)
      let other = TestSession(stack)
      try await session.open()
      try await other.open()
      #expect(try await session.get(session.token()).fileId == session.file.text)
      #expect(try await failure { try await session.get(other.token()) }?.code == .notFound)
      #expect(try await failure { try await session.get(user: "usr_2", session.token()) }?.code == .notFound)
      #expect(try await failure { try await session.get(session.token(validSeconds: -1)) }?.problem?.reason == "TOKEN_INVALID")
    }
  }

  @Test("a sign of life moves the expiry, and after it nothing does")
  func expiry() async throws {
    try await withState { stack in
      let session = TestSession(stack)
      let opened = try await session.open()
      stack.clockMilliseconds = 60_000
      #expect(try await session.get().expiresAt == opened.expiresAt, "a minute is not worth writing down")
      stack.clockMilliseconds = 2 * 86_400_000
      let slid = try await session.get()
      #expect(abs(slid.expiresAt - opened.expiresAt - 2 * 86_400_000) < 60_000)
      stack.clockMilliseconds = 8 * 86_400_000
      #expect(try await session.get().status == .inProgress)
      stack.clockMilliseconds = 16 * 86_400_000
      #expect(try await session.get().status == .expired)
      #expect(try await session.open().status == .expired)
      let error = try await failure { try await session.get(ensureMultipart: true) }
      #expect(error?.code == .failedPrecondition)
      #expect(error?.problem?.reason == "UPLOAD_ENDED")
      #expect(try await failure { try await session.save() }?.problem?.reason == "UPLOAD_ENDED")
      #expect(try await session.state() == nil)
    }
  }

  @Test("the sweeper finds what has expired, and nobody else may ask")
  func sweeper() async throws {
    try await withState { stack in
      let first = TestSession(stack)
      let second = TestSession(stack, account: "acc_two")
      let done = TestSession(stack)
      for session in [first, second, done] { try await session.open() }
      try await done.close()
      func expired(limit: UInt32 = 0) async throws -> [Upload] {
        try await stack.client.listExpired(ListExpiredRequest(limit: limit), options: TestSession.asService).uploads
      }
      #expect(try await expired().isEmpty)
      stack.clockMilliseconds = 8 * 86_400_000
      #expect(try await expired().map(\.fileId) == [first.file.text, second.file.text])
      #expect(try await expired().allSatisfy { $0.status == .expired })
      #expect(try await expired(limit: 1).count == 1)
      try await first.close(.expired, TestSession.asService)
      #expect(try await expired().map(\.fileId) == [second.file.text])
      let error = try await failure { try await stack.client.listExpired(ListExpiredRequest(), options: first.options) }
      #expect(error?.code == .permissionDenied)
    }
  }

  @Test("closing counts once, and keeps what came through each edge")
  func close() async throws {
    try await withState { stack in
      let session = TestSession(stack, chunks: 2)
      try await session.open()
      session.stored(0, edge: "lax-1")
      session.stored(1, edge: "sfo-1")
      #expect(try await failure { try await session.close(.inProgress) }?.problem?.field == "status")
      #expect(try await failure { try await session.close(cost: -1) }?.problem?.field == "actualCostMicroDollars")
      try await session.close(.completed, CallOptions(metadata: ["jetty-account": "acc_two"]))
      #expect(try await session.get().status == .inProgress, "somebody else closes nothing")
      try await session.close()
      try await session.close(.aborted, cost: 0)
      #expect(try await session.get().status == .completed)
      try await TestSession(stack).close()
      let edges = try await stack.pool.query("SELECT edge_ids, edge_chunks, edge_bytes FROM upload_sessions")
      #expect(try edges[0][0].textArray == ["lax-1", "sfo-1"])
      #expect(try edges[0][1].int64Array == [1, 1])
      #expect(try edges[0][2].int64Array == [5 << 20, 1_000])
    }
  }

  @Test("sessions are forgotten three months after their end")
  func prune() async throws {
    try await withState { stack in
      let ended = TestSession(stack)
      let open = TestSession(stack)
      for session in [ended, open] { try await session.open() }
      try await ended.save()
      try await ended.close()
      let store = PostgresSessions(loop: stack.loop, pool: stack.pool, now: { stack.now })
      #expect(try await store.prune(endedBefore: stack.now - 86_400_000) == 0)
      #expect(try await store.prune(endedBefore: stack.now + 1_000) == 1)
      #expect(try await failure { try await ended.get() }?.code == .notFound)
      #expect(try await open.get().status == .inProgress)
    }
  }
}

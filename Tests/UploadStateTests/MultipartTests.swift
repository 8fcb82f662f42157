import Contracts
import EventLoops
import Model
import ObjectStore
import RPC
import TestSupport
import Testing

@testable import UploadState

@Suite("The multipart upload", .timeLimit(.minutes(3)))
struct MultipartTests {
  @Test("it is made when somebody first needs it, and takes parts")
  func made() async throws {
    try await withState { stack in
      let session = TestSession(stack)
      try await session.open()
      #expect(try await session.get().multipartUploadId.isEmpty)
      let upload = try await session.get(ensureMultipart: true, session.token())
      #expect(!upload.multipartUploadId.isEmpty)
      #expect(try await session.get().multipartUploadId == upload.multipartUploadId)
      let key = try ObjectKey(upload.objectKey)
      let id = try MultipartID(upload.multipartUploadId)
      let etag = try await stack.objects.putPart(key: key, upload: id, number: 4, size: 1_000, body: ByteArrayBody(Array(repeating: 7, count: 1_000)))
      #expect(try await stack.objects.listParts(key: key, upload: id) == [PartInfo(number: 4, size: 1_000, etag: etag)])
    }
  }

  @Test("of many edges in several processes one makes it")
  func once() async throws {
    let database = try TestPostgres.shared.get().makeDatabase()
    try await withState(database: database) { stack in
      let session = TestSession(stack)
      try await session.open()
      stack.multiparts.delayMilliseconds = 100
      let other = try EventLoop(name: "other")
      try other.start()
      defer { other.stop() }
      let redis = try TestRedis.shared.get().url
      async let theirs = other.run {
        let second = try StateStack(loop: other, database: database, redisURL: redis, directory: "/tmp/jetty-state-\(session.file)")
        defer { second.close() }
        second.multiparts.delayMilliseconds = 100
        let id = try await TestSession(second, like: session).get(ensureMultipart: true).multipartUploadId
        return (id, second.multiparts.created)
      }
      let tasks = (0..<20).map { _ in
        Task.immediate(executorPreference: stack.loop) { try await session.get(ensureMultipart: true).multipartUploadId }
      }
      var ids: Set<String> = []
      for task in tasks { ids.insert(try await task.value) }
      let (id, created) = try await theirs
      ids.insert(id)
      #expect(ids.count == 1)
      #expect(created + stack.multiparts.created == 1)
    }
  }

  @Test("an empty file needs none")
  func empty() async throws {
    try await withState { stack in
      let session = TestSession(stack, chunks: 0)
      try await session.open()
      #expect(try await session.get(ensureMultipart: true).multipartUploadId.isEmpty)
      #expect(stack.multiparts.created == 0)
    }
  }

  @Test("a store that is away is an honest answer, and nothing is kept", arguments: [
    (ObjectStoreError.unavailable(retryAfterSeconds: nil, detail: "x"), "STORE_UNAVAILABLE"), (.storeFull, "STORE_FULL"),
    (.accessDenied("x"), "INTERNAL"),
  ])
  func storeAway(failed: ObjectStoreError, reason: String) async throws {
    try await withState { stack in
      let session = TestSession(stack)
      try await session.open()
      stack.multiparts.failure = failed
      let error = try await failure { try await session.get(ensureMultipart: true) }
      #expect(error?.problem?.reason == reason)
      #expect(error?.code == (reason == "INTERNAL" ? .internalError : .unavailable))
      stack.multiparts.failure = nil
      #expect(try await !session.get(ensureMultipart: true).multipartUploadId.isEmpty)
    }
  }

  @Test("slow stores leave connections to everybody else")
  func turns() async throws {
    try await withState { stack in
      let sessions = (0..<8).map { _ in TestSession(stack) }
      for session in sessions { try await session.open() }
      stack.multiparts.delayMilliseconds = 300
      let slow = sessions.map { session in Task.immediate(executorPreference: stack.loop) { try await session.get(ensureMultipart: true) } }
      let start = stack.loop.nowNanoseconds
      try await sessions[0].save()
      let milliseconds = (stack.loop.nowNanoseconds - start) / 1_000_000
      #expect(milliseconds < 600, "\(milliseconds) ms")
      for task in slow { #expect(try await !task.value.multipartUploadId.isEmpty) }
    }
  }
}

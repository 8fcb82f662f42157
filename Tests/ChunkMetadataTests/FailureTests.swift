import Contracts
import EventLoops
import Model
import RPC
import Redis
import TestSupport
import Testing

@testable import ChunkMetadata

@Suite("When something is away", .timeLimit(.minutes(4)))
struct FailureTests {
  @Test("emptying Redis loses nothing")
  func flush() async throws {
    let redis = try TestRedis()
    try await withChunks(redis: redis) { stack in
      let upload = TestUpload(stack)
      upload.open()
      try await upload.record(0, "a", etag: "e0")
      _ = try await upload.note(1, "b")
      _ = try await stack.redis.send(["FLUSHALL"])
      #expect(try await upload.claim(0, "a") == ClaimChunkResponse(alreadyStored: true, etag: "e0"))
      #expect(try await failure { try await upload.note(0, "else") }?.code == .alreadyExists)
      #expect(try await upload.list().count == 1)
      #expect(try await upload.record(1, "b").chunksStored == 2)
    }
    redis.stop()
  }

  @Test("without Redis chunks are recorded as fast as with it")
  func deadRedis() async throws {
    let redis = try TestRedis()
    try await withChunks(redis: redis) { stack in
      let upload = TestUpload(stack, chunks: 40)
      upload.open()
      try await upload.record(0, "a")
      redis.kill9()
      let start = stack.loop.nowNanoseconds
      for index in UInt32(1)..<20 {
        _ = try await upload.claim(index, "a")
        try await upload.record(index, "a")
      }
      let milliseconds = (stack.loop.nowNanoseconds - start) / 1_000_000
      #expect(milliseconds < 5_000, "19 chunks took \(milliseconds) ms")
      #expect(try await upload.note(21, "a").ok)
      #expect(try await failure { try await upload.note(3, "else") }?.code == .alreadyExists)
      try redis.restart()
      try await eventually(on: stack.loop) { stack.redis.unavailableReason == nil && stack.redis.statistics.isConnected }
      try await upload.record(30, "a")
      try await eventually(on: stack.loop) { try await !stack.redis.hgetall("chunk:{\(upload.file)}:30").isEmpty }
      #expect(try await upload.list().count == 21)
    }
    redis.stop()
  }

  @Test("a Redis that hangs holds nobody up")
  func frozenRedis() async throws {
    let redis = try TestRedis()
    try await withChunks(redis: redis) { stack in
      let upload = TestUpload(stack, chunks: 40)
      upload.open()
      try await upload.record(0, "a")
      redis.freeze()
      var slowest: UInt64 = 0
      for index in UInt32(1)..<30 {
        let start = stack.loop.nowNanoseconds
        try await upload.record(index, "a")
        slowest = max(slowest, (stack.loop.nowNanoseconds - start) / 1_000_000)
      }
      #expect(slowest < 1_000, "the slowest took \(slowest) ms")
      // A note asks the cache first: a few time-outs, then the circuit is open.
      #expect(try await upload.note(31, "a").ok)
      redis.thaw()
    }
    redis.stop()
  }

  @Test("without the database the answer is an honest one, and work goes on once it is back")
  func deadDatabase() async throws {
    let postgres = try TestPostgres()
    try await withChunks(database: try postgres.makeDatabase(), seconds: 120) { stack in
      let upload = TestUpload(stack)
      try await upload.record(0, "a")
      // The test server does not wait for the disk; this makes it.
      try await stack.pool.query("CHECKPOINT")
      postgres.kill9()
      // The server's children notice within moments, and answer until then.
      try await eventually(on: stack.loop) { try await failure { try await upload.record(1, "b") } != nil }
      let error = try await failure { try await upload.record(1, "b") }
      #expect(error?.code == .unavailable)
      #expect(error?.problem?.reason == "DATABASE_UNAVAILABLE")
      #expect((error?.problem?.retryAfterSeconds ?? 0) > 0)
      try postgres.restart()
      try await eventually(on: stack.loop, seconds: 60) { try await failure { try await upload.record(1, "b") } == nil }
      #expect(try await upload.list().map(\.index) == [0, 1])
    }
    postgres.stop()
  }

  @Test("every recorded chunk is announced with the totals")
  func announcements() async throws {
    let redis = try TestRedis()
    try await withChunks(redis: redis) { stack in
      let upload = TestUpload(stack)
      let subscriber = RedisSubscriber(loop: stack.loop, configuration: try RedisConfiguration(url: redis.url))
      defer { subscriber.close() }
      let subscription = try subscriber.subscribe("progress:{\(upload.file)}")
      #expect(try await subscription.next(timeoutMilliseconds: 5_000) == .live)
      try await upload.record(2, "a")
      try await upload.record(3, "b", edge: "lax-1")
      var events: [StateEvent] = []
      while events.count < 2, case .message(let bytes)? = try await subscription.next(timeoutMilliseconds: 5_000) {
        events.append(try bytes.withUnsafeBytes { try StateEvent(wire: $0) })
      }
      #expect(events.map(\.chunkIndex) == [2, 3])
      #expect(events.map(\.chunksStored) == [1, 2])
      #expect(events.map(\.progress) == [5 << 20, 5 << 20 + 1_000])
      #expect(events.map(\.edgeId) == ["sfo-1", "lax-1"])
      #expect(events.allSatisfy { $0.hasChunk && $0.status == .unspecified })
    }
    redis.stop()
  }
}

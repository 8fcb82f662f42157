import Contracts
import Model
import RPC
import TestSupport
import Testing

@testable import UploadState

@Suite("Statistics", .timeLimit(.minutes(3)))
struct StatisticsTests {
  private static func stats(_ stack: StateStack, user: String = "", account: String = "acc_one") async throws -> GetStatsResponse {
    try await stack.client.getStats(GetStatsRequest(userId: user), options: CallOptions(metadata: ["jetty-account": account]))
  }

  @Test("sessions, edges and books come together")
  func whole() async throws {
    try await withState { stack in
      let done = TestSession(stack, chunks: 2)
      let running = TestSession(stack, user: "usr_2")
      try await done.open()
      try await running.open()
      _ = try await TestSession(stack, account: "acc_two").open()
      done.stored(0, edge: "lax-1")
      done.stored(1, edge: "sfo-1")
      running.stored(0, edge: "sfo-1")
      stack.clockMilliseconds = 10_000
      try await done.close(cost: 1_573)
      stack.chunks.stored[done.file.text] = nil

      let stats = try await Self.stats(stack)
      #expect(stats.uploadsCompleted == 1)
      #expect(stats.uploadsInProgress == 1)
      #expect(stats.savedCostMicroDollars == 3)
      #expect(stats.savedMicroDollars == 3)
      #expect(stats.costMicroDollars == 7)
      #expect(stats.transferredBytes == 1_000)
      #expect(stats.savedBytes == 500)
      #expect(stats.duplicatesFound == 2)
      let speed = Double(done.plan.fileSize.rawValue) / 10
      #expect(abs(stats.avgBytesPerSecond - speed) < speed / 5)
      #expect(abs(stats.avgSpeedMbps * 1_000_000 - stats.avgBytesPerSecond) < 1)

      #expect(stats.recentSessions.map(\.fileId) == [running.file.text, done.file.text])
      let (open, ended) = (stats.recentSessions[0], stats.recentSessions[1])
      #expect(open.status == .inProgress && open.chunksStored == 1 && open.chunksTotal == 4 && open.bytesUploaded == 5 << 20)
      #expect(open.completedAt == 0 && open.userId == "usr_2" && open.edges == ["sfo-1"] && open.costMicroDollars == 1_500)
      #expect(ended.status == .completed && ended.chunksStored == 2 && ended.bytesUploaded == done.plan.fileSize.rawValue)
      #expect(ended.completedAt > ended.startedAt && ended.costMicroDollars == 1_573 && ended.edges == ["lax-1", "sfo-1"])

      #expect(stats.edges.map(\.id) == ["lax-1", "sfo-1", "idle-1"] || stats.edges.map(\.id) == ["sfo-1", "lax-1", "idle-1"])
      let byID = Dictionary(uniqueKeysWithValues: stats.edges.map { ($0.id, $0) })
      #expect(byID["sfo-1"] == EdgeStats(id: "sfo-1", latency: 12, load: 34, chunks: 2, bytes: 5 << 20 + 1_000, live: true))
      #expect(byID["lax-1"] == EdgeStats(id: "lax-1", latency: 0, load: 0, chunks: 1, bytes: 5 << 20, live: false))
    }
  }

  @Test("one user's statistics are that user's")
  func oneUser() async throws {
    try await withState { stack in
      let mine = TestSession(stack, user: "usr_1")
      try await mine.open()
      try await TestSession(stack, user: "usr_2").open()
      let stats = try await Self.stats(stack, user: "usr_1")
      #expect(stats.recentSessions.map(\.fileId) == [mine.file.text])
      #expect(stats.uploadsInProgress == 1)
      #expect(try await failure { try await Self.stats(stack, user: "a/b") }?.problem?.field == "userId")
      #expect(try await failure { try await stack.client.getStats(GetStatsRequest()) }?.code == .unauthenticated)
    }
  }

  @Test("an unfinished upload is there, however many were begun since; of a file there is one line")
  func unfinished() async throws {
    try await withState { stack in
      let old = TestSession(stack)
      try await old.open()
      old.stored(0, edge: "sfo-1")
      for _ in 0..<25 {
        let later = TestSession(stack)
        try await later.open()
        try await later.close(cost: 1)
      }
      let stats = try await Self.stats(stack)
      #expect(stats.recentSessions.count == 21)
      #expect(stats.recentSessions.last?.fileId == old.file.text && stats.recentSessions.last?.chunksStored == 1)
      let another = TestSession(stack)
      try await another.open()
      let again = try await Self.stats(stack)
      #expect(again.recentSessions.count == 21)
      #expect(again.recentSessions.first?.fileId == another.file.text && again.recentSessions.last?.fileId == old.file.text)
    }
  }

  @Test("more open uploads than ChunkMetadata tells of at once")
  func manyOpen() async throws {
    var limits = SessionLimits()
    limits.recentSessionsMax = 150
    try await withState(limits: limits, seconds: 90) { stack in
      var files: [TestSession] = []
      for _ in 0..<120 {
        let session = TestSession(stack)
        try await session.open()
        session.stored(0, edge: "sfo-1")
        files.append(session)
      }
      let stats = try await Self.stats(stack)
      #expect(stats.recentSessions.count == 120)
      #expect(stats.recentSessions.allSatisfy { $0.chunksStored == 1 })
    }
  }

  @Test("services that are down leave gaps, not errors")
  func gaps() async throws {
    try await withState { stack in
      let session = TestSession(stack)
      let running = TestSession(stack)
      try await session.open()
      try await running.open()
      try await session.close(cost: 42)
      stack.peers.isDown = true
      stack.chunks.failure = RPCError(.unavailable, "down")
      let stats = try await Self.stats(stack)
      #expect(stats.costMicroDollars == 42)
      #expect(stats.transferredBytes == session.plan.fileSize.rawValue)
      #expect(stats.savedCostMicroDollars == 0)
      #expect(stats.edges.isEmpty)
      #expect(stats.recentSessions.count == 2)
      #expect(stats.recentSessions.first?.chunksStored == 0)
    }
  }

  @Test("an account without uploads has zeros")
  func nothing() async throws {
    try await withState { stack in
      let stats = try await Self.stats(stack, account: "acc_new")
      #expect(stats.recentSessions.isEmpty)
      #expect(stats.avgSpeedMbps == 0 && stats.uploadsCompleted == 0 && stats.uploadsInProgress == 0)
      #expect(stats.edges.map(\.live) == [true, true])
    }
  }

  @Test("an expired session runs no more")
  func expired() async throws {
    try await withState { stack in
      try await TestSession(stack).open()
      stack.clockMilliseconds = 8 * 86_400_000
      let stats = try await Self.stats(stack)
      #expect(stats.uploadsInProgress == 0)
      #expect(stats.recentSessions.map(\.status) == [.expired])
      #expect(stats.recentSessions.map(\.costMicroDollars) == [0], "nothing is charged for what did not become a file")
    }
  }

  @Test("without the database the answer is an honest one")
  func deadDatabase() async throws {
    let postgres = try TestPostgres()
    try await withState(database: try postgres.makeDatabase(), seconds: 120) { stack in
      let session = TestSession(stack)
      try await session.open()
      // The test server does not wait for the disk; this makes it.
      try await stack.pool.query("CHECKPOINT")
      postgres.kill9()
      // The server's children notice within moments, and answer until then.
      try await eventually(on: stack.loop) { try await failure { try await session.get() } != nil }
      for error in [
        try await failure { try await Self.stats(stack) }, try await failure { try await session.state() },
        try await failure { try await session.get() },
      ] {
        #expect(error?.code == .unavailable)
        #expect(error?.problem?.reason == "DATABASE_UNAVAILABLE")
      }
      try postgres.restart()
      try await eventually(on: stack.loop, seconds: 60) { try await failure { try await session.get() } == nil }
    }
    postgres.stop()
  }
}

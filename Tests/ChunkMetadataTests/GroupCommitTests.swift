import EventLoops
import Model
import Postgres
import RPC
import TestSupport
import Testing

@testable import ChunkMetadata

@Suite("Group commit", .timeLimit(.minutes(4)))
struct GroupCommitTests {
  /// Runs every body at the same time, on the loop.
  static func together<T: Sendable>(_ count: UInt32, on loop: EventLoop, _ body: @escaping @Sendable (UInt32) async throws -> T) async throws -> [T] {
    let tasks = (0..<count).map { index in Task.immediate(executorPreference: loop) { try await body(index) } }
    var results: [T] = []
    for task in tasks { results.append(try await task.value) }
    return results
  }

  @Test("many receipts at a time need few statements")
  func batches() async throws {
    try await withChunks { stack in
      let uploads = (0..<4).map { _ in TestUpload(stack, chunks: 100) }
      let before = stack.map.batchesTotal
      let outcomes = try await Self.together(400, on: stack.loop) { number in
        try await stack.map.record(uploads[Int(number % 4)].receipt(number / 4, "chunk \(number)"))
      }
      #expect(outcomes.allSatisfy { if case .recorded = $0 { true } else { false } })
      #expect(stack.map.batchesTotal - before <= 8)
      for upload in uploads { #expect(try await upload.list().count == 100) }
    }
  }

  @Test("over RPC, too, the receipts of one turn go together")
  func overRPC() async throws {
    try await withChunks { stack in
      let upload = TestUpload(stack, chunks: 100)
      let before = stack.map.batchesTotal
      _ = try await Self.together(100, on: stack.loop) { try await upload.record($0, "a") }
      #expect(stack.map.batchesTotal - before <= 20)
      #expect(try await upload.list().count == 100)
    }
  }

  @Test("of different bytes for one address exactly one wins, and the same bytes win together")
  func race() async throws {
    try await withChunks { stack in
      let upload = TestUpload(stack, chunks: 10)
      let outcomes = try await Self.together(60, on: stack.loop) { number in
        try await failure { try await upload.claim(number % 10, "bytes \(number % 3)") }?.code
      }
      for index in 0..<10 {
        // number % 10 and number % 3 together take each pair twice in 60.
        let winners = Set((0..<60).filter { $0 % 10 == index && outcomes[$0] == nil }.map { $0 % 3 })
        #expect(winners.count == 1)
        #expect((0..<60).filter { $0 % 10 == index && outcomes[$0] == nil }.count == 2)
      }
      #expect(outcomes.allSatisfy { $0 == nil || $0 == .alreadyExists })
    }
  }

  @Test("a row that cannot be written fails alone")
  func poison() async throws {
    try await withChunks { stack in
      let upload = TestUpload(stack, chunks: 10)
      let failures = try await Self.together(10, on: stack.loop) { index -> Bool in
        do {
          _ = try await stack.map.record(upload.receipt(index, "a", etag: index == 4 ? "bad\u{0}" : "good"))
          return false
        } catch {
          return true
        }
      }
      #expect(failures.enumerated().filter(\.element).map(\.offset) == [4])
      #expect(try await upload.list().count == 9)
    }
  }

  @Test("processes that write the same rows in different orders do not lock each other out")
  func twoProcesses() async throws {
    let database = try TestPostgres.shared.get().makeDatabase()
    let redis = try TestRedis.shared.get().url
    try await withChunks(database: database) { stack in
      let upload = TestUpload(stack, chunks: 200)
      let other = try EventLoop(name: "other")
      try other.start()
      defer { other.stop() }
      async let theirs = other.run {
        let second = try ChunkStack(loop: other, database: database, redisURL: redis)
        defer { second.close() }
        return try await Self.together(200, on: other) { try await second.map.record(upload.receipt(199 - $0, "same")) }.count
      }
      let mine = try await Self.together(200, on: stack.loop) { try await stack.map.record(upload.receipt($0, "same")) }
      #expect(try await theirs == 200)
      #expect(mine.count == 200)
      #expect(try await upload.list().count == 200)
    }
  }

  @Test("a caller that gives up does not take the others with it")
  func cancellation() async throws {
    try await withChunks { stack in
      let upload = TestUpload(stack, chunks: 3)
      let impatient = Task.immediate(executorPreference: stack.loop) { try await stack.map.record(upload.receipt(0, "a")) }
      let patient = Task.immediate(executorPreference: stack.loop) { try await stack.map.record(upload.receipt(1, "b")) }
      impatient.cancel()
      await #expect(throws: CancellationError.self) { try await impatient.value }
      if case .recorded = try await patient.value {} else { Issue.record("the other receipt was not recorded") }
    }
  }
}

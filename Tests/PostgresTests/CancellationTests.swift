import EventLoops
import Postgres
import TestSupport
import Testing

@Suite("Statements that nobody waits for any more", .timeLimit(.minutes(3)))
struct CancellationTests {
  @Test func theServerIsToldAndTheConnectionIsGoodAgain() async throws {
    try await withPool({ $0.connectionsMax = 1 }) { pool, loop in
      try await pool.query("SELECT 1")
      let started = loop.nowNanoseconds
      let slow = Task(executorPreference: loop) { try await pool.query("SELECT pg_sleep(8)") }
      try await loop.sleep(milliseconds: 100)
      slow.cancel()
      await #expect(throws: CancellationError.self) { try await slow.value }
      #expect(loop.nowNanoseconds - started < 4_000_000_000, "the caller is free before the statement ends")
      #expect(try await pool.query("SELECT 7")[0][0].int64 == 7)
      #expect(loop.nowNanoseconds - started < 6_000_000_000, "the statement was ended on the server")
      #expect(pool.statistics.connectionsTotal == 1)
    }
  }

  @Test func othersInThePipelineAreUnharmed() async throws {
    try await withPool({ $0.connectionsMax = 1 }) { pool, loop in
      try await pool.query("CREATE TABLE seen (n bigint)")
      for _ in 0..<5 {
        let slow = Task(executorPreference: loop) { try await pool.query("SELECT pg_sleep(8)") }
        try await loop.sleep(milliseconds: 20)
        let behind = (0..<10).map { number in
          Task(executorPreference: loop) { try await pool.query("INSERT INTO seen VALUES ($1) RETURNING n", [.int64(Int64(number))])[0][0].int64 }
        }
        try await loop.sleep(milliseconds: 20)
        slow.cancel()
        for (number, task) in behind.enumerated() { #expect(try await task.value == Int64(number)) }
      }
      #expect(try await pool.query("SELECT count(*) FROM seen")[0][0].int64 == 50, "each happened once")
    }
  }

  @Test func timeoutsComeFromTheServerAndFromTheClient() async throws {
    try await withPool({
      $0.connectionsMax = 1
      $0.queryTimeoutMilliseconds = 300
    }) { pool, loop in
      for _ in 0..<3 {
        await #expect(throws: PostgresError.timeout(milliseconds: 300)) { try await pool.query("SELECT pg_sleep(5)") }
      }
      try await eventually(on: loop) { (try? await pool.query("SELECT 1")) != nil }
    }
  }

  @Test func aCancelledTransactionIsRolledBack() async throws {
    try await withPool({ $0.connectionsMax = 1 }) { pool, loop in
      try await pool.query("CREATE TABLE t (id bigint)")
      let task = Task(executorPreference: loop) {
        try await pool.transaction { session in
          try await session.query("INSERT INTO t VALUES (1)")
          try await session.query("SELECT pg_sleep(8)")
        }
      }
      try await loop.sleep(milliseconds: 150)
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(try await pool.query("SELECT count(*) FROM t")[0][0].int64 == 0)
    }
  }

  @Test func aWaiterThatGivesUpLeavesTheQueue() async throws {
    try await withPool({ $0.connectionsMax = 1 }) { pool, loop in
      try await pool.withConnection { _ in
        let waiting = Task(executorPreference: loop) { try await pool.transaction { _ in } }
        try await eventually(on: loop) { pool.statistics.waiting == 1 }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(pool.statistics.waiting == 0)
      }
      #expect(try await pool.query("SELECT 1").count == 1)
    }
  }

  /// Others that name the statement are in the pipeline when its preparation is cancelled.
  @Test func whatNamedAStatementThatWasNeverPreparedIsSentAgain() async throws {
    try await withPool({ $0.connectionsMax = 1 }) { pool, loop in
      try await pool.query("CREATE TABLE locked (n bigint)")
      let other = PostgresPool(loop: loop, configuration: pool.configuration)
      defer { other.close() }
      let holder = Task(executorPreference: loop) {
        try await other.transaction { session in
          _ = try await session.query("LOCK TABLE locked IN ACCESS EXCLUSIVE MODE")
          try await loop.sleep(milliseconds: 1_000)
        }
      }
      try await loop.sleep(milliseconds: 200)
      let first = Task(executorPreference: loop) { try await pool.query("SELECT count(*) FROM locked")[0][0].int64 }
      let behind = (0..<4).map { _ in Task(executorPreference: loop) { try await pool.query("SELECT count(*) FROM locked")[0][0].int64 } }
      try await loop.sleep(milliseconds: 50)
      first.cancel()
      _ = try? await first.value
      for task in behind { #expect(try await task.value == 0) }
      try await holder.value
    }
  }
}

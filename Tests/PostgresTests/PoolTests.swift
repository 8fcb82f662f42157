import EventLoops
import Postgres
import TestSupport
import Testing

@Suite("PostgresPool", .timeLimit(.minutes(3)))
struct PoolTests {
  @Test func valuesComeBackAsTheyWere() async throws {
    let big = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try await withPool { pool, _ in
      let rows = try await pool.query(
        "SELECT $1::text, $2::bigint, $3::boolean, $4::bytea, $5::double precision, $6::timestamptz, $7::text[], $8::bigint[], $9::text AS nothing",
        ["ü\"'\\\n", .int64(.min), false, .bytes(big), 0.1, .timestampMilliseconds(1_700_000_000_123), .textArray(["a,b", "NULL", "", "\"\\"]),
          .int64Array([1, .max]), nil])
      let row = rows[0]
      #expect(try row[0].string == "ü\"'\\\n" && row[1].int64 == .min && !row[2].bool && row[4].double == 0.1)
      #expect(try row[3].bytes == big)
      #expect(try row[5].timestampMilliseconds == 1_700_000_000_123)
      #expect(try row[6].textArray == ["a,b", "NULL", "", "\"\\"] && row[7].int64Array == [1, .max])
      #expect(row["nothing"].isNull && row["nothing"].ifPresent == nil)
    }
  }

  @Test func wrongTypesAndNullsAreErrorsThatNameTheColumn() async throws {
    try await withPool { pool, _ in
      let row = try await pool.query("SELECT 'text' AS a, NULL::bigint AS b, 'NaN'::float8 AS c")[0]
      #expect(throws: PostgresError.decoding("column a is not an integer")) { try row["a"].int64 }
      #expect(throws: PostgresError.decoding("column b is null where an integer was expected")) { try row["b"].int64 }
      #expect(throws: PostgresError.decoding("there is no column z")) { try row["z"].string }
      #expect(throws: PostgresError.self) { try row[99].string }
      #expect(throws: PostgresError.self) { try row[-1].string }
      #expect(throws: PostgresError.self) { try row["a"].bytes }
      #expect(throws: PostgresError.self) { try row["a"].bool }
      #expect(try row["c"].double.isNaN)
    }
  }

  @Test func serverErrorsCarryTheirState() async throws {
    try await withPool { pool, _ in
      try await pool.query("CREATE TABLE t (id bigint CONSTRAINT t_once PRIMARY KEY)")
      #expect(try await pool.query("INSERT INTO t VALUES ($1), ($2)", [1, 2]).affectedCount == 2)
      await #expect {
        try await pool.query("INSERT INTO t VALUES ($1)", [1])
      } throws: { error in
        guard let error = error as? PostgresError else { return false }
        return error.sqlState == "23505" && error.isUniqueViolation(of: "t_once") && !error.isUniqueViolation(of: "other") && !error.isUnavailable
      }
      await #expect { try await pool.query("SELEKT 1") } throws: { ($0 as? PostgresError)?.sqlState == "42601" }
      await #expect { try await pool.query("SELECT $1::bigint", ["x"]) } throws: { ($0 as? PostgresError)?.sqlState == "22P02" }
      await #expect(throws: PostgresError.self) { try await pool.query("SELECT $1::text", ["a\0b"]) }
      await #expect(throws: PostgresError.self) { try await pool.query("COPY t TO STDOUT") }
      #expect(try await pool.query("SELECT count(*) FROM t")[0][0].int64 == 2)
    }
  }

  @Test func aFailureInThePipelineHarmsNobodyElse() async throws {
    try await withPool({ $0.connectionsMax = 1 }) { pool, loop in
      try await pool.query("SELECT 1")
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<300 {
          group.addTask {
            try await loop.run {
              if number % 3 == 0 {
                await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1/$1::int", [0]) }
              } else if number % 7 == 0 {
                await #expect(throws: PostgresError.self) { try await pool.query("SELECT * FROM no_such_table") }
              } else {
                let doubled = try await pool.query("SELECT $1::bigint * 2", [.int64(Int64(number))])[0][0].int64
                #expect(doubled == Int64(number) * 2)
              }
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(pool.statistics.connectionsTotal == 1 && pool.statistics.inUse == 0)
    }
  }

  @Test func statementsThatChangeTheirMeaningArePreparedAgain() async throws {
    try await withPool({ $0.connectionsMax = 1 }) { pool, _ in
      await #expect(throws: PostgresError.self) { try await pool.query("SELECT * FROM later") }
      try await pool.query("CREATE TABLE later (a bigint)")
      try await pool.query("INSERT INTO later VALUES (1)")
      #expect(try await pool.query("SELECT * FROM later")[0][0].int64 == 1)
      try await pool.query("ALTER TABLE later ADD COLUMN b text")
      // The server notices once; the statement is prepared anew after that.
      _ = try? await pool.query("SELECT * FROM later")
      #expect(try await pool.query("SELECT * FROM later")[0][1].isNull)
    }
  }

  @Test func statementsThatFailAreNotPreparedAgain() async throws {
    try await withPool({ $0.connectionsMax = 1 }) { pool, _ in
      try await pool.query("CREATE TABLE once (a bigint PRIMARY KEY)")
      for _ in 0..<10 { _ = try? await pool.query("INSERT INTO once VALUES ($1)", [.int64(1)]) }
      let count = try await pool.query("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'INSERT%'")[0][0].int64
      #expect(count == 1)
    }
  }

  @Test func poolsAreBoundedAndWaitersToo() async throws {
    try await withPool({
      $0.connectionsMax = 2
      $0.pipelineDepthMax = 1
      $0.waitersMax = 5
    }) { pool, loop in
      let outcomes = await withTaskGroup(of: String.self) { group in
        for _ in 0..<20 {
          group.addTask {
            do {
              _ = try await loop.run { try await pool.query("SELECT pg_sleep(0.2)") }
              return "good"
            } catch PostgresError.overloaded {
              return "overloaded"
            } catch {
              return "\(error)"
            }
          }
        }
        return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
      }
      #expect(outcomes.keys.sorted() == ["good", "overloaded"] && (outcomes["good"] ?? 0) >= 5)
      #expect(pool.statistics.connections <= 2)
    }
  }

  @Test func waitingForAConnectionHasAnEnd() async throws {
    try await withPool({
      $0.connectionsMax = 1
      $0.acquireTimeoutMilliseconds = 100
    }) { pool, _ in
      _ = try await pool.withConnection { _ in
        await #expect(throws: PostgresError.timeout(milliseconds: 100)) { try await pool.query("SELECT 1") }
      }
      #expect(try await pool.query("SELECT 1").count == 1)
    }
  }

  @Test func transactionsCommitOrRollBack() async throws {
    try await withPool({ $0.connectionsMax = 1 }) { pool, _ in
      struct Stop: Error {}
      try await pool.query("CREATE TABLE t (id bigint PRIMARY KEY)")
      let value = try await pool.transaction { session in
        try await session.query("INSERT INTO t VALUES (1)")
        return try await session.query("SELECT count(*) FROM t")[0][0].int64
      }
      #expect(value == 1)
      await #expect(throws: Stop.self) {
        try await pool.transaction { session in
          try await session.query("INSERT INTO t VALUES (2)")
          throw Stop()
        }
      }
      await #expect(throws: PostgresError.rolledBack) {
        try await pool.transaction { session in
          try await session.query("INSERT INTO t VALUES (3)")
          _ = try? await session.query("INSERT INTO t VALUES (1)")
        }
      }
      #expect(try await pool.query("SELECT array_agg(id) FROM t")[0][0].int64Array == [1])
    }
  }

  @Test func aSessionEndsWithItsScopeAndLeavesNoTransactionBehind() async throws {
    try await withPool({ $0.connectionsMax = 1 }) { pool, _ in
      var kept: PostgresSession?
      try await pool.withConnection { session in
        kept = session
        try await session.query("BEGIN")
        try await session.script("CREATE TABLE left_behind (a int); INSERT INTO left_behind VALUES (1)")
      }
      await #expect(throws: PostgresError.closed) { try await kept?.query("SELECT 1") }
      await #expect { try await pool.query("SELECT * FROM left_behind") } throws: { ($0 as? PostgresError)?.sqlState == "42P01" }
    }
  }

  @Test func afterCloseEverythingIsRefused() async throws {
    try await withPool { pool, _ in
      try await pool.query("SELECT 1")
      pool.close()
      await #expect(throws: PostgresError.closed) { try await pool.query("SELECT 1") }
    }
  }
}

import EventLoops
import Postgres
import TestSupport
import Testing

@Suite("Migrator", .timeLimit(.minutes(2)))
struct MigratorTests {
  private func pool(_ loop: EventLoop, _ url: String) throws -> PostgresPool {
    PostgresPool(loop: loop, configuration: try PostgresConfiguration(url: url, schema: "shop", connectionsMax: 2))
  }

  @Test func manyProcessesStartAtOnceAndEachStepHappensOnce() async throws {
    let url = try TestPostgres.shared.get().makeDatabase()
    let steps = [
      try Migration(name: "0001_orders", sql: "CREATE TABLE orders (id bigint PRIMARY KEY); INSERT INTO orders VALUES (1);"),
      try Migration(name: "0002_more", sql: "INSERT INTO orders VALUES (2); -- a comment; with a semicolon\n"),
    ]
    try await withEventLoop { loop in
      let applied = try await withThrowingTaskGroup(of: [String].self) { group in
        for _ in 0..<6 {
          group.addTask {
            try await loop.run {
              let pool = try self.pool(loop, url)
              defer { pool.close() }
              return try await Migrator(pool).run(steps, service: "shop")
            }
          }
        }
        return try await group.reduce(into: []) { $0 += $1 }
      }
      #expect(applied == ["0001_orders", "0002_more"])
      let pool = try self.pool(loop, url)
      defer { pool.close() }
      #expect(try await pool.query("SELECT count(*) FROM orders")[0][0].int64 == 2, "found by bare name in the service's schema")
      #expect(try await Migrator(pool).run(steps, service: "shop").isEmpty)
      #expect(try await Migrator(pool).run([], service: "other").isEmpty, "services do not see each other's steps")
      await #expect(throws: PostgresError.self) { try await Migrator(pool).run([steps[0]], service: "shop") }
      let edited = try Migration(name: "0002_more", sql: "SELECT 1")
      await #expect { try await Migrator(pool).run([steps[0], edited], service: "shop") } throws: { "\($0)".contains("0002_more was edited") }
    }
  }

  @Test func aFailingStepLeavesNothingBehind() async throws {
    let url = try TestPostgres.shared.get().makeDatabase()
    try await withEventLoop { loop in
      let pool = try self.pool(loop, url)
      defer { pool.close() }
      let good = try Migration(name: "0001_good", sql: "CREATE TABLE a (b int)")
      let bad = try Migration(name: "0002_bad", sql: "CREATE TABLE c (d int); SELECT nonsense")
      await #expect { try await Migrator(pool).run([good, bad], service: "shop") } throws: { ($0 as? PostgresError)?.sqlState == "42703" }
      #expect(try await pool.query("SELECT to_regclass('shop.a') IS NULL AND to_regclass('shop.c') IS NULL")[0][0].bool)
      #expect(try await Migrator(pool).run([good], service: "shop") == ["0001_good"])
    }
  }

  @Test func pgvectorIsThere() async throws {
    let url = try TestPostgres.shared.get().makeDatabase()
    try await withEventLoop { loop in
      let pool = try self.pool(loop, url)
      defer { pool.close() }
      let step = try Migration(name: "0001", sql: "CREATE EXTENSION IF NOT EXISTS vector SCHEMA public; CREATE TABLE v (e vector(3))")
      try await Migrator(pool).run([step], service: "shop")
      try await pool.query("INSERT INTO v VALUES ($1)", ["[1,2,3]"])
      #expect(try await pool.query("SELECT e <=> $1::vector FROM v", ["[1,2,3]"])[0][0].double < 1e-6)
    }
  }
}

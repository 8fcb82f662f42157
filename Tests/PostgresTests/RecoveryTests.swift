import EventLoops
import Postgres
import TestSupport
import Testing

@Suite("A database that goes away", .timeLimit(.minutes(3)))
struct RecoveryTests {
  @Test func killedUnderLoadItIsFoundAgain() async throws {
    let server = try TestPostgres()
    defer { server.stop() }
    let url = try server.makeDatabase()
    try await withEventLoop(seconds: 120) { loop in
      let pool = PostgresPool(loop: loop, configuration: try PostgresConfiguration(url: url))
      defer { pool.close() }
      try await pool.query("CREATE TABLE t (n bigint PRIMARY KEY)")
      let load = Task { await Self.load(pool, loop) }
      try await loop.sleep(milliseconds: 300)
      server.kill9()
      try await eventually(on: loop) { pool.unavailableReason != nil }
      let started = loop.nowNanoseconds
      await #expect { try await pool.query("SELECT 1") } throws: { ($0 as? PostgresError)?.isUnavailable ?? false }
      #expect(loop.nowNanoseconds - started < 100_000_000, "an absent database is not waited for")
      try await loop.offload { try server.restart() }
      try await eventually(on: loop) { (try? await pool.query("SELECT 1")) != nil }
      try await loop.sleep(milliseconds: 200)
      load.cancel()
      let (good, bad) = await load.value
      #expect(good.count > 20 && bad > 0)
      #expect(pool.statistics.connectionsTotal >= 2)
    }
  }

  private static func load(_ pool: PostgresPool, _ loop: EventLoop) async -> (good: [Int64], bad: Int) {
    var (good, bad, next): ([Int64], Int, Int64) = ([], 0, 0)
    while !Task.isCancelled {
      let numbers = next..<(next + 8)
      next += 8
      let stored = await withTaskGroup(of: Int64?.self) { group in
        for number in numbers {
          group.addTask { (try? await loop.run { try await pool.query("INSERT INTO t VALUES ($1)", [.int64(number)]) }) != nil ? number : nil }
        }
        return await group.reduce(into: []) { $0.append($1) }.compactMap { $0 }
      }
      good += stored
      bad += numbers.count - stored.count
      try? await loop.sleep(milliseconds: 5)
    }
    return (good, bad)
  }

  @Test func connectionsThatTheServerEndsAreReplaced() async throws {
    let url = try TestPostgres.shared.get().makeDatabase()
    try await withEventLoop { loop in
      var configuration = try PostgresConfiguration(url: url)
      configuration.connectionsMax = 1
      let pool = PostgresPool(loop: loop, configuration: configuration)
      defer { pool.close() }
      for _ in 0..<3 {
        await #expect { try await pool.query("SELECT pg_terminate_backend(pg_backend_pid())") } throws: { ($0 as? PostgresError)?.isUnavailable ?? false }
        #expect(try await pool.query("SELECT 1").count == 1)
      }
    }
  }

  @Test(arguments: ["garbage", "", "R\0\0\0\u{8}\0\0\0\0", "E\0\0\0\u{5}\0", "HTTP/1.1 400 Bad Request\r\n\r\n", "N", "S"])
  func aServerThatIsNoPostgres(_ reply: String) async throws {
    let server = try ScriptedServer { _, _ in reply.isEmpty ? nil : Array(reply.utf8) }
    defer { server.stop() }
    // libpq wants a directory and a port; the file in it is named after the port.
    let parts = server.path.split(separator: "/").dropLast()
    let directory = "/" + parts.joined(separator: "/")
    try server.alsoAt("\(directory)/.s.PGSQL.5432")
    try await withEventLoop(seconds: 30) { loop in
      var configuration = try PostgresConfiguration(url: "postgresql://u@/d?host=\(directory)")
      configuration.connectTimeoutMilliseconds = 300
      let pool = PostgresPool(loop: loop, configuration: configuration)
      defer { pool.close() }
      await #expect { try await pool.query("SELECT 1") } throws: { ($0 as? PostgresError)?.isUnavailable ?? false }
      #expect(server.connectionCount > 0)
    }
  }

  @Test func nobodyListens() async throws {
    try await withEventLoop { loop in
      let pool = PostgresPool(loop: loop, configuration: try PostgresConfiguration(url: "postgresql://u@localhost:1/d"))
      defer { pool.close() }
      let started = loop.nowNanoseconds
      await #expect { try await pool.query("SELECT 1") } throws: { ($0 as? PostgresError)?.isUnavailable ?? false }
      #expect(loop.nowNanoseconds - started < 2_000_000_000)
    }
  }
}

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
      let load = LoadGenerator(on: loop, atATime: 12) { number in
        try await pool.query("INSERT INTO t VALUES ($1)", [.int64(number)]).affectedCount == 1
      }
      try await eventually(on: loop) { load.succeeded > 100 }
      #expect(load.failed == 0)
      server.kill9()
      try await eventually(on: loop) { pool.unavailableReason != nil }
      let started = loop.nowNanoseconds
      await #expect { try await pool.query("SELECT 1") } throws: { ($0 as? PostgresError)?.isUnavailable ?? false }
      #expect(loop.nowNanoseconds - started < 500_000_000, "an absent database is not waited for")
      try await loop.offload { try server.restart() }
      try await eventually(on: loop) { (try? await pool.query("SELECT 1")) != nil }
      let before = load.succeeded
      try await eventually(on: loop) { load.succeeded > before + 100 }
      try await load.stop(on: loop)
      #expect(load.failed > 0)
      #expect(pool.statistics.connectionsTotal >= 2)
    }
  }

  @Test func connectionsThatTheServerEndsAreReplaced() async throws {
    try await withPool({ $0.connectionsMax = 1 }) { pool, _ in
      for _ in 0..<3 {
        await #expect {
          try await pool.query("SELECT pg_terminate_backend(pg_backend_pid())")
        } throws: {
          ($0 as? PostgresError)?.isUnavailable ?? false
        }
        let rows = try await pool.query("SELECT 1")
        #expect(rows.count == 1)
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

  /// Past the handshake. libpq gives up on some, waits for more on others; either way the call ends and the loop lives.
  @Test(arguments: HostileReplies.all)
  func aServerThatForgetsItself(_ reply: [UInt8]) async throws {
    // A start-up message begins with its length, anything after it with a letter.
    let server = try ScriptedServer { request, _ in request.starts(with: [0]) ? HostileReplies.handshake : reply }
    defer { server.stop() }
    let directory = String(server.path.dropLast("/socket".count))
    try server.alsoAt("\(directory)/.s.PGSQL.5432")
    try await withEventLoop(seconds: 30) { loop in
      var configuration = try PostgresConfiguration(url: "postgresql://u@/d?host=\(directory)", connectionsMax: 1)
      configuration.queryTimeoutMilliseconds = 200
      configuration.acquireTimeoutMilliseconds = 1_000
      let pool = PostgresPool(loop: loop, configuration: configuration)
      defer { pool.close() }
      for _ in 0..<3 {
        if let rows = try? await pool.query("SELECT $1::text", ["a"]) {
          for row in rows { _ = try? row[0].string }
        }
      }
      try await loop.sleep(milliseconds: 1)
      #expect(server.connectionCount > 0)
    }
  }

  /// The one backend of the pool stops where it is.
  private func withFrozenBackend(
    timeoutMilliseconds: UInt64, _ body: @escaping @Sendable (_ pool: PostgresPool, _ loop: EventLoop, _ backend: Int64) async throws -> Void
  ) async throws {
    let server = try TestPostgres.shared.get()
    try await withPool {
      $0.connectionsMax = 1
      $0.queryTimeoutMilliseconds = timeoutMilliseconds
    } _: { pool, loop in
      let backend = try await pool.query("SELECT pg_backend_pid()")[0][0].int64
      server.freeze(backend: Int32(backend))
      defer { server.thaw(backend: Int32(backend)) }
      try await body(pool, loop, backend)
    }
  }

  @Test func aBackendThatFreezesIsGivenUp() async throws {
    try await withFrozenBackend(timeoutMilliseconds: 400) { pool, _, backend in
      await #expect(throws: PostgresError.timeout(milliseconds: 400)) { try await pool.query("SELECT 1") }
      let next = try await pool.query("SELECT pg_backend_pid()")[0][0].int64
      #expect(next != backend)
    }
  }

  /// Callers with less patience than the statement have: nobody's time-out notices that the server is gone.
  @Test func aBackendThatFreezesIsGivenUpThoughItsCallersWereFirst() async throws {
    try await withFrozenBackend(timeoutMilliseconds: 1_000) { pool, loop, backend in
      let impatient = Task(executorPreference: loop) { try await pool.query("SELECT 1") }
      try await loop.sleep(milliseconds: 100)
      impatient.cancel()
      await #expect(throws: CancellationError.self) { try await impatient.value }
      try await eventually(on: loop) { (try? await pool.query("SELECT pg_backend_pid()")[0][0].int64) ?? backend != backend }
    }
  }

  @Test func aNameAndAPasswordOverTCP() async throws {
    let server = try TestPostgres(password: "p@ss 'word")
    defer { server.stop() }
    try await withEventLoop { loop in
      let pool = PostgresPool(loop: loop, configuration: try PostgresConfiguration(url: server.url))
      defer { pool.close() }
      #expect(try await pool.query("SELECT current_user")[0][0].string == "jetty")
      let wrong = PostgresPool(loop: loop, configuration: try PostgresConfiguration(url: server.url.replacing("word", with: "sword")))
      defer { wrong.close() }
      await #expect { try await wrong.query("SELECT 1") } throws: { "\($0)".contains("password authentication failed") }
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

enum HostileReplies {
  /// AuthenticationOk, ReadyForQuery.
  static let handshake = message("R", [0, 0, 0, 0]) + ready
  private static let ready = message("Z", Array("I".utf8))
  private static let parsed = message("1", [])
  private static let bound = message("2", [])
  private static let column = message("T", [0, 1] + Array("a\0".utf8) + [0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0])
  private static let row = message("D", [0, 1, 0, 0, 0, 1, 97])
  private static let done = message("C", Array("SELECT 1\0".utf8))

  static let all: [[UInt8]] = [
    Array("garbage and more garbage".utf8),
    [UInt8](repeating: 0, count: 64),
    [UInt8](repeating: 0xFF, count: 64),
    ready, ready + ready + ready, parsed + parsed + parsed, done + ready, row + ready, bound + ready + done,
    parsed + bound + column + row + done + ready,
    parsed + bound + column + message("D", [0, 9, 0, 0, 0, 1, 97]) + done + ready,
    parsed + bound + column + message("D", [0, 1, 0x7F, 0xFF, 0xFF, 0xFF]) + done + ready,
    parsed + bound + message("T", [0xFF, 0xFF]) + row + done + ready,
    parsed + bound + column + row + row + row + message("C", Array("no end".utf8)) + ready,
    message("E", [0]) + ready, message("E", Array("C23505\0\0".utf8)) + ready, message("E", Array("Mno terminator".utf8)) + ready,
    message("G", [0, 0, 0]) + ready, message("H", [0, 0, 0]) + ready, message("W", [0, 0, 0]), message("s", []) + ready, message("n", []) + ready,
    message("A", [0, 0, 0, 1] + Array("channel\0payload\0".utf8)) + ready, message("S", Array("client_encoding\0SQL_ASCII\0".utf8)) + ready,
    message("N", [0]) + ready, message("K", [0, 0, 0, 1]) + ready, message("v", [0, 0, 0, 0]) + ready, message("Z", []) + ready,
    message("Z", Array("?".utf8)),
  ]

  private static func message(_ kind: Unicode.Scalar, _ body: [UInt8]) -> [UInt8] {
    let length = UInt32(body.count + 4)
    return [UInt8(ascii: kind)] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * UInt32($0))) } + body
  }
}

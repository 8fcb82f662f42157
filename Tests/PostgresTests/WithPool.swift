import EventLoops
import Postgres
import TestSupport

/// Runs `body` with a pool for an empty database of its own.
func withPool(
  _ adjust: @escaping @Sendable (inout PostgresConfiguration) -> Void = { _ in },
  _ body: @escaping @Sendable (PostgresPool, EventLoop) async throws -> Void
) async throws {
  let url = try TestPostgres.shared.get().makeDatabase()
  try await withEventLoop { loop in
    var configuration = try PostgresConfiguration(url: url)
    adjust(&configuration)
    let pool = PostgresPool(loop: loop, configuration: configuration)
    defer { pool.close() }
    try await body(pool, loop)
  }
}

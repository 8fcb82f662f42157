/// One connection in a caller's hands, inside `withConnection` or `transaction`. Not to be kept: after its scope it throws `closed`.
public final class PostgresSession {
  private let connection: PostgresConnection
  private let pool: PostgresPool
  private var isEnded = false

  init(connection: PostgresConnection, pool: PostgresPool) {
    self.connection = connection
    self.pool = pool
  }

  func end() { isEnded = true }

  /// Runs one statement. In a transaction, a failure means that only ROLLBACK is possible afterwards.
  /// - Parameter timeoutMilliseconds: The client's patience; nil for the pool's. The server's `statement_timeout` applies besides.
  @discardableResult
  public func query(_ sql: String, _ parameters: [PostgresValue] = [], timeoutMilliseconds: UInt64? = nil) async throws -> PostgresRows {
    guard !isEnded else { throw PostgresError.closed }
    return try await pool.run(pool.makeRequest(sql, parameters, timeoutMilliseconds: timeoutMilliseconds), on: connection)
  }

  /// Runs statements separated by semicolons, without parameters and without rows. Outside a transaction they are one of their own.
  public func script(_ sql: String, timeoutMilliseconds: UInt64? = nil) async throws {
    guard !isEnded else { throw PostgresError.closed }
    guard connection.requestsInFlight == 0 else { throw PostgresError.invalidParameter("a script cannot run beside other statements") }
    _ = try await pool.run(pool.makeRequest(sql, [], isScript: true, timeoutMilliseconds: timeoutMilliseconds), on: connection)
  }

  /// As `query`, but a cancelled caller still waits for the answer. Gives the command tag.
  func finish(_ sql: String) async throws -> String {
    guard !isEnded else { throw PostgresError.closed }
    return try await pool.run(pool.makeRequest(sql, []), on: connection, isCancellable: false).result.commandTag
  }
}

import Logging

/// Brings the schema of one service up to date, once, however many processes start at a time.
///
/// All of it happens in one transaction under an advisory lock. `public.schema_migrations` remembers what was applied and its SHA-256.
public struct Migrator {
  private let pool: PostgresPool
  private let logger: Logger
  /// The same for every service, since they share `public.schema_migrations`.
  private static let lockKey: Int64 = 0x6A65_7474_79
  private static let lockTimeoutMilliseconds: UInt64 = 60_000
  private static let scriptTimeoutMilliseconds: UInt64 = 600_000

  public init(_ pool: PostgresPool, logger: Logger = Logger(label: "migrations")) {
    self.pool = pool
    self.logger = logger
  }

  /// Applies what is missing.
  /// - Parameter service: Also the name of the schema, which is made if need be.
  /// - Returns: The names of the migrations that were applied now.
  /// - Throws: `PostgresError.migration` where the database is newer or a migration was edited; `PostgresError.server` for a failing one.
  @discardableResult
  public func run(_ migrations: [Migration], service: String) async throws -> [String] {
    guard PostgresConfiguration.isIdentifier(service) else {
      throw PostgresError.invalidConfiguration("\(service) cannot be the name of a schema")
    }
    return try await pool.transaction { session in
      try await session.query("SET LOCAL statement_timeout = \(Self.scriptTimeoutMilliseconds)")
      try await session.query("SET LOCAL lock_timeout = \(Self.lockTimeoutMilliseconds)")
      try await session.query("SELECT pg_advisory_xact_lock($1)", [.int64(Self.lockKey)], timeoutMilliseconds: Self.lockTimeoutMilliseconds + 5_000)
      try await session.script(
        """
        CREATE SCHEMA IF NOT EXISTS \(service);
        CREATE TABLE IF NOT EXISTS public.schema_migrations (
          service text NOT NULL,
          version integer NOT NULL,
          name text NOT NULL,
          checksum text NOT NULL,
          applied_at timestamptz NOT NULL DEFAULT now(),
          PRIMARY KEY (service, version)
        );
        SET LOCAL search_path = \(service), public
        """)
      let applied = try await session.query("SELECT version, name, checksum FROM public.schema_migrations WHERE service = $1", [.string(service)])
        .map { Migration.Applied(version: Int(try $0[0].int64), name: try $0[1].string, checksum: try $0[2].string) }
      var described: [(Migration, String)] = []
      for migration in migrations {
        let sum = try await session.query("SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex')", [.string(migration.sql)])
        described.append((migration, try sum[0][0].string))
      }
      let pending = try Migration.pending(described, applied: applied)
      for (migration, checksum) in pending {
        logger.info("applying a migration", metadata: ["schema": "\(service)", "migration": "\(migration.name)"])
        try await session.script(migration.sql, timeoutMilliseconds: Self.scriptTimeoutMilliseconds)
        try await session.query(
          "INSERT INTO public.schema_migrations (service, version, name, checksum) VALUES ($1, $2, $3, $4)",
          [.string(service), .int64(Int64(migration.version)), .string(migration.name), .string(checksum)])
      }
      return pending.map(\.0.name)
    }
  }
}

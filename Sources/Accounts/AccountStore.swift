import Bytes
import Logging
import Model
import Postgres
import TLS

/// Accounts, their API keys and their users in PostgreSQL, schema `accounts`. Throws `PostgresError`.
public struct AccountStore: Sendable {
  /// The PostgreSQL schema; the pool's `schema` must be this one.
  public static let schema = "accounts"
  /// Longest name of an account, in bytes.
  public static let nameBytesMax = 200
  public static let requestsPerSecondDefault: UInt32 = 200

  private let pool: PostgresPool

  public init(pool: PostgresPool) { self.pool = pool }

  /// Brings the tables up to date. Safe to call from any number of processes.
  public func migrate(logger: Logger = Logger(label: "accounts")) async throws {
    try await Migrator(pool, logger: logger).run(AccountMigrations.all(), service: Self.schema)
  }

  /// A new account. `name` is for people; `id` nil makes a random one.
  ///
  /// Throws a unique violation where `id` is taken.
  public func createAccount(
    name: String, id: AccountID? = nil, requestsPerSecondMax: UInt32 = requestsPerSecondDefault
  ) async throws -> Account {
    let made = id ?? Self.newID()
    _ = try await pool.query(
      "INSERT INTO accounts (id, name, requests_per_second) VALUES ($1, $2, $3)",
      [.string(made.text), .string(name), .clamping(requestsPerSecondMax)])
    return Account(id: made, name: name, requestsPerSecondMax: requestsPerSecondMax)
  }

  /// A new key for an account. This is the only moment at which its text exists.
  public func createKey(for account: AccountID) async throws -> APIKey {
    let key = APIKey.generate()
    _ = try await pool.query(
      "INSERT INTO api_keys (hash, account_id, hint) VALUES ($1, $2, $3)", [.bytes(key.hash), .string(account.text), .string(key.hint)])
    return key
  }

  /// Takes keys out of use by what their listing shows of them. Answers how many.
  public func revokeKeys(of account: AccountID, hint: String) async throws -> Int {
    try await pool.query(
      "UPDATE api_keys SET revoked_at = now() WHERE account_id = $1 AND hint = $2 AND revoked_at IS NULL",
      [.string(account.text), .string(hint)]
    ).affectedCount
  }

  /// Every account, oldest first, with the hints of its keys in use.
  public func list() async throws -> [(account: Account, keyHints: [String])] {
    let rows = try await pool.query(
      """
      SELECT a.id, a.name, a.requests_per_second,
        coalesce(string_agg(k.hint, ',' ORDER BY k.created_at) FILTER (WHERE k.revoked_at IS NULL), '')
      FROM accounts a LEFT JOIN api_keys k ON k.account_id = a.id GROUP BY a.id ORDER BY a.created_at, a.id LIMIT 10000
      """)
    return try rows.compactMap { row in
      try Self.account(in: row).map { ($0, try row[3].string.split(separator: ",").map(String.init)) }
    }
  }

  /// The account that a key opens; nil for an unknown, revoked or expired key, and for a disabled account.
  public func account(keyHash: [UInt8]) async throws -> Account? {
    let rows = try await pool.query(
      """
      SELECT a.id, a.name, a.requests_per_second FROM api_keys k JOIN accounts a ON a.id = k.account_id
      WHERE k.hash = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now()) AND a.disabled_at IS NULL
      """, [.bytes(keyHash)])
    return try rows.first.flatMap { try Self.account(in: $0) }
  }

  /// Remembers that an account has this end user. Does nothing where it is known.
  public func noteUser(_ user: UserID, of account: AccountID) async throws {
    _ = try await pool.query(
      "INSERT INTO users (account_id, id) VALUES ($1, $2) ON CONFLICT DO NOTHING", [.string(account.text), .string(user.text)])
  }

  private static func account(in row: PostgresRow) throws -> Account? {
    guard let id = AccountID(try row[0].string) else { return nil }
    return Account(id: id, name: try row[1].string, requestsPerSecondMax: UInt32(clamping: try row[2].int64))
  }

  private static func newID() -> AccountID {
    while true {
      // Always of the right form; a loop says so without a trap.
      if let id = AccountID("acc_" + Base32.encode(randomBytes(10))) { return id }
    }
  }
}

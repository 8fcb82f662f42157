import Accounts
import EventLoops
import Model
import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct AccountStoreTests {
  func run(_ body: @escaping @Sendable (AccountStore, PostgresPool, EventLoop) async throws -> Void) async throws {
    let url = try TestPostgres.shared.get().makeDatabase()
    try await withEventLoop { loop in
      var configuration = try PostgresConfiguration(url: url)
      configuration.schema = AccountStore.schema
      configuration.connectionsMax = 2
      let pool = PostgresPool(loop: loop, configuration: configuration)
      defer { pool.close() }
      let store = AccountStore(pool: pool)
      try await store.migrate()
      try await store.migrate()
      try await body(store, pool, loop)
    }
  }

  @Test func aKeyOpensItsAccountAndIsStoredAsADigest() async throws {
    try await run { store, pool, loop in
      let account = try await store.createAccount(name: "Demo")
      let key = try await store.createKey(for: account.id)
      let directory = AccountDirectory(store: store, loop: loop)
      #expect(try await directory.account(key: key.text) == account)
      #expect(try await directory.account(key: APIKey.generate().text) == nil)
      #expect(try await directory.account(key: "test_key") == nil)
      let secret = String(key.text.dropFirst(6))
      let leaks = try await pool.query("SELECT count(*) FROM api_keys k WHERE k::text LIKE '%' || $1 || '%'", [.string(secret)])
      #expect(try leaks[0][0].int64 == 0)
    }
  }

  @Test func revokedExpiredAndDisabledKeysOpenNothing() async throws {
    try await run { store, pool, _ in
      let account = try await store.createAccount(name: "Demo", id: AccountID("acme"))
      let revoked = try await store.createKey(for: account.id)
      let expired = try await store.createKey(for: account.id)
      let good = try await store.createKey(for: account.id)
      #expect(try await store.revokeKeys(of: account.id, hint: revoked.hint) == 1)
      #expect(try await store.revokeKeys(of: account.id, hint: revoked.hint) == 0)
      try await pool.query("UPDATE api_keys SET expires_at = now() - interval '1 s' WHERE hash = $1", [.bytes(expired.hash)])
      #expect(try await store.account(keyHash: revoked.hash) == nil)
      #expect(try await store.account(keyHash: expired.hash) == nil)
      #expect(try await store.account(keyHash: good.hash) == account)
      #expect(try await store.list().first?.keyHints == [expired.hint, good.hint])
      try await pool.query("UPDATE accounts SET disabled_at = now()")
      #expect(try await store.account(keyHash: good.hash) == nil)
    }
  }

  @Test func anIdIsTakenOnce() async throws {
    try await run { store, _, _ in
      _ = try await store.createAccount(name: "one", id: AccountID("acme"))
      await #expect(throws: PostgresError.self) { _ = try await store.createAccount(name: "two", id: AccountID("acme")) }
      await #expect(throws: PostgresError.self) { _ = try await store.createKey(for: try #require(AccountID("nobody"))) }
    }
  }

  @Test func usersAreNotedOnce() async throws {
    try await run { store, pool, loop in
      let account = try await store.createAccount(name: "Demo")
      let directory = AccountDirectory(store: store, loop: loop)
      let user = try #require(UserID("usr_1"))
      for _ in 0..<3 { try await directory.noteUser(user, of: account.id) }
      #expect(try await pool.query("SELECT 1 FROM users").count == 1)
    }
  }

  /// A database that is away must neither lock out those who were in a moment ago nor let anybody new in.
  @Test func anOutageKeepsKnownKeysWorking() async throws {
    let server = try TestPostgres()
    let url = try server.makeDatabase()
    defer { server.stop() }
    try await withEventLoop { loop in
      var configuration = try PostgresConfiguration(url: url)
      configuration.schema = AccountStore.schema
      let pool = PostgresPool(loop: loop, configuration: configuration)
      defer { pool.close() }
      let store = AccountStore(pool: pool)
      try await store.migrate()
      let account = try await store.createAccount(name: "Demo")
      let key = try await store.createKey(for: account.id)
      let directory = AccountDirectory(store: store, loop: loop)
      #expect(try await directory.account(key: key.text) == account)
      server.stop()
      #expect(try await directory.account(key: key.text) == account)
      await #expect(throws: PostgresError.self) { _ = try await directory.account(key: APIKey.generate().text) }
    }
  }
}

import Postgres

/// The tables of this module. It has no service directory of its own, so they stand here and not in files.
enum AccountMigrations {
  static func all() throws -> [Migration] { [try Migration(name: "0001_tables", sql: tables)] }

  private static let tables = """
    CREATE TABLE accounts (
      id                   varchar(64) PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9_-]+$'),
      name                 varchar(200) NOT NULL,
      requests_per_second  integer NOT NULL CHECK (requests_per_second > 0),
      created_at           timestamptz NOT NULL DEFAULT now(),
      disabled_at          timestamptz
    );

    -- SHA-256 of the key, never the key.
    CREATE TABLE api_keys (
      hash        bytea PRIMARY KEY CHECK (length(hash) = 32),
      account_id  varchar(64) NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
      hint        varchar(32) NOT NULL,
      created_at  timestamptz NOT NULL DEFAULT now(),
      expires_at  timestamptz,
      revoked_at  timestamptz
    );
    CREATE INDEX api_keys_by_account ON api_keys (account_id);

    -- End users, as their accounts name them.
    CREATE TABLE users (
      account_id  varchar(64) NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
      id          varchar(64) NOT NULL,
      first_seen_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (account_id, id)
    );
    """
}

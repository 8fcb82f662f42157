import Model
import Postgres

/// New rows of table `objects` as a queue. `SKIP LOCKED` and a lease in the row let any number of processes take from it.
struct PostgresVerificationQueue: VerificationQueue {
  let pool: PostgresPool

  func take(leaseMilliseconds: Int64) async throws -> UnverifiedObject? {
    let rows = try await pool.query(
      """
      UPDATE objects SET verify_after = now() + $1::bigint * interval '1 millisecond', verify_attempts = verify_attempts + 1
      WHERE object_id = (
        SELECT object_id FROM objects WHERE state = 'new' AND verify_after <= now() ORDER BY verify_after LIMIT 1 FOR UPDATE SKIP LOCKED)
      RETURNING object_id, object_key, size_bytes, claimed_hash, verify_attempts - 1
      """, [.int64(leaseMilliseconds)])
    return try rows.first.map { row in
      UnverifiedObject(
        number: try row[0].int64, key: try row[1].string, size: ByteCount(UInt64(clamping: try row[2].int64)),
        claimedHash: try row[3].ifPresent.flatMap { ContentHash(bytes: try $0.bytes) }, attempts: Int(clamping: try row[4].int64))
    }
  }

  func renew(_ object: UnverifiedObject, leaseMilliseconds: Int64) async throws {
    try await postpone(object, milliseconds: leaseMilliseconds)
  }

  func postpone(_ object: UnverifiedObject, milliseconds: Int64) async throws {
    try await pool.query(
      "UPDATE objects SET verify_after = now() + $2::bigint * interval '1 millisecond' WHERE object_id = $1 AND state = 'new'",
      [.int64(object.number), .int64(milliseconds)])
  }

  func verified(_ object: UnverifiedObject, hash: ContentHash) async throws {
    try await pool.transaction { session in
      guard try await settle(object, as: "verified", hash: hash, in: session) else { return }
      try await session.query(
        "UPDATE files SET file_hash = $2 WHERE object_id = $1 AND file_hash IS NULL", [.int64(object.number), .bytes(hash.bytes)])
      try await OutboxRow.insert(try await files(on: object, in: session).map { .registerFile($0) }, in: session)
    }
  }

  func refuted(_ object: UnverifiedObject, hash: ContentHash, size: ByteCount) async throws {
    try await pool.transaction { session in
      guard try await settle(object, as: "refuted", hash: hash, in: session) else { return }
      try await OutboxRow.insert(try await files(on: object, in: session).map { .forgetFile($0.id, $0.account) }, in: session)
    }
  }

  func giveUp(_ object: UnverifiedObject) async throws {
    try await pool.query("UPDATE objects SET state = 'unreadable' WHERE object_id = $1 AND state = 'new'", [.int64(object.number)])
  }

  /// Locks the row, so that a clone made at the same moment is either seen here or sees the new state.
  private func settle(_ object: UnverifiedObject, as state: String, hash: ContentHash, in session: PostgresSession) async throws -> Bool {
    let settled = try await session.query(
      "UPDATE objects SET state = $2, content_hash = $3, verified_at = now() WHERE object_id = $1 AND state = 'new'",
      [.int64(object.number), .string(state), .bytes(hash.bytes)])
    return settled.affectedCount == 1
  }

  private func files(on object: UnverifiedObject, in session: PostgresSession) async throws -> [StoredFile] {
    let rows = try await session.query(
      "SELECT \(FileRow.columns) FROM files f JOIN objects o USING (object_id) WHERE f.object_id = $1", [.int64(object.number)])
    return try rows.map { try FileRow.file($0) }
  }
}

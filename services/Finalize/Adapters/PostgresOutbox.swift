import Model
import Postgres

/// Table `outbox` as a queue. `SKIP LOCKED` and a lease in the row itself let any number of processes take from it.
struct PostgresOutbox: Outbox {
  let pool: PostgresPool

  func take(_ limit: Int, of file: FileID?, leaseMilliseconds: Int64) async throws -> [OutboxEntry] {
    let rows = try await pool.query(
      """
      UPDATE outbox SET next_attempt_at = now() + $3::bigint * interval '1 millisecond', attempts = attempts + 1
      WHERE outbox_id IN (
        SELECT outbox_id FROM outbox o
        WHERE next_attempt_at <= now() AND ($2::text IS NULL OR file_id = $2)
          AND NOT EXISTS (SELECT FROM outbox e WHERE e.file_id = o.file_id AND e.queue = o.queue AND e.outbox_id < o.outbox_id)
        ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED)
      RETURNING outbox_id, account_id, kind, payload, attempts - 1 AS attempts
      """, [.int64(Int64(limit)), .optional(file?.text), .int64(leaseMilliseconds)])
    return try rows.map { try OutboxRow.entry($0) }.sorted { $0.number < $1.number }
  }

  func remove(_ entry: OutboxEntry) async throws {
    try await pool.query("DELETE FROM outbox WHERE outbox_id = $1", [.int64(entry.number)])
  }

  func postpone(_ entry: OutboxEntry, milliseconds: Int64, because reason: String) async throws {
    let text = String(String.UnicodeScalarView(reason.unicodeScalars.filter { $0.value != 0 }.prefix(500)))
    try await pool.query(
      "UPDATE outbox SET next_attempt_at = now() + $2::bigint * interval '1 millisecond', last_error = $3 WHERE outbox_id = $1",
      [.int64(entry.number), .int64(milliseconds), .string(text)])
  }
}

import EventLoops
import Model
import Postgres

/// The books in PostgreSQL, schema `finalize`. Times are the database's own, so that clocks of replicas need not agree.
final class PostgresLedger: FileLedger {
  let pool: PostgresPool
  let loop: EventLoop
  private let limits: FinalizeLimits

  init(pool: PostgresPool, loop: EventLoop, limits: FinalizeLimits = FinalizeLimits()) {
    self.pool = pool
    self.loop = loop
    self.limits = limits
  }

  func file(_ id: FileID, account: AccountID) async throws -> StoredFile? {
    let rows = try await pool.query(
      "SELECT \(FileRow.columns) FROM files f JOIN objects o USING (object_id) WHERE f.file_id = $1 AND f.account_id = $2",
      [.string(id.text), .string(account.text)])
    return try rows.first.map { try FileRow.file($0) }
  }

  func lease(_ upload: FinishingUpload, milliseconds: Int64) async throws -> LeaseAnswer {
    let granted = try await pool.query(
      """
      INSERT INTO completions (file_id, account_id, user_id, state, lease_token, lease_until)
      VALUES ($1, $2, $3, 'completing', 1, now() + $4::bigint * interval '1 millisecond')
      ON CONFLICT (file_id) DO UPDATE
        SET lease_token = completions.lease_token + 1, lease_until = excluded.lease_until, updated_at = now()
        WHERE completions.state = 'completing' AND completions.lease_until <= now()
      RETURNING lease_token
      """, [.string(upload.file.text), .string(upload.account.text), .string(upload.user.text), .int64(milliseconds)])
    if let row = granted.first { return .granted(Lease(file: upload.file, token: try row[0].int64)) }
    let state = try await pool.query("SELECT state FROM completions WHERE file_id = $1", [.string(upload.file.text)])
    switch try state.first?[0].string {
    case "completed": return .completed
    case "abandoned": return .abandoned
    default: return .busy
    }
  }

  func release(_ lease: Lease) async {
    let pool = pool
    // A task of its own: the caller's may be cancelled, and a lease that nobody gives back blocks its upload for minutes.
    let task = loop.spawn {
      _ = try? await pool.query(
        "UPDATE completions SET lease_until = now(), updated_at = now() WHERE file_id = $1 AND lease_token = $2 AND state = 'completing'",
        [.string(lease.file.text), .int64(lease.token)])
    }
    await task.value
  }

  func complete(_ upload: FinishingUpload, lease: Lease, cost: MicroDollars) async throws -> StoredFile? {
    try await pool.transaction { session -> StoredFile? in
      guard try await Self.end(lease, as: "completed", in: session) else { return nil }
      let size = PostgresValue.clamping(upload.plan.fileSize.rawValue)
      let hash: PostgresValue = upload.hash.map { .bytes($0.bytes) } ?? .null
      let objects = try await session.query(
        """
        INSERT INTO objects (account_id, object_key, size_bytes, claimed_hash, verify_after, reference_count)
        VALUES ($1, $2, $3, $4, now() + $5::bigint * interval '1 millisecond', 1) RETURNING object_id
        """,
        [.string(upload.account.text), .string(upload.objectKey), size, hash, .int64(limits.verifyDelayMilliseconds)])
      guard let object = try objects.first?[0].int64 else { throw PostgresError.decoding("INSERT returned no row") }
      let file = StoredFile(
        id: upload.file, account: upload.account, user: upload.user, name: upload.name, mediaType: upload.mediaType,
        size: upload.plan.fileSize, hash: upload.hash, objectKey: upload.objectKey, isVerified: false)
      try await FileRow.insert(file, object: object, clonedFrom: nil, in: session)
      try await UsageRow.insert(file, kind: .transfer, amount: cost, in: session)
      var events = [
        OutboxEvent.closeUpload(file.id, file.account, .completed, cost: cost, uploaded: file.size), .dropChunks(file.id, file.account),
      ]
      if file.hash != nil { events.insert(.registerFile(file), at: 0) }
      try await OutboxRow.insert(events, in: session)
      return file
    }
  }

  func abandon(_ upload: FinishingUpload, lease: Lease, ending: OutboxEvent.Ending) async throws -> Bool {
    try await pool.transaction { session -> Bool in
      guard try await Self.end(lease, as: "abandoned", in: session) else { return false }
      let events = [
        OutboxEvent.closeUpload(upload.file, upload.account, ending, cost: .zero, uploaded: .zero), .dropChunks(upload.file, upload.account),
      ]
      try await OutboxRow.insert(events, in: session)
      return true
    }
  }

  /// Writes the end of an upload; false where the lease is somebody else's by now.
  private static func end(_ lease: Lease, as state: String, in session: PostgresSession) async throws -> Bool {
    let ended = try await session.query(
      "UPDATE completions SET state = $3, updated_at = now() WHERE file_id = $1 AND lease_token = $2 AND state = 'completing'",
      [.string(lease.file.text), .int64(lease.token), .string(state)])
    return ended.affectedCount == 1
  }

  func clone(_ source: FileID, as clone: NewClone) async throws -> StoredFile? {
    try await pool.transaction { session -> StoredFile? in
      let rows = try await session.query(
        """
        SELECT \(FileRow.columns), o.object_id, o.state FROM files f JOIN objects o USING (object_id)
        WHERE f.file_id = $1 AND f.account_id = $2 AND o.state IN ('new', 'verified') FOR UPDATE OF o
        """, [.string(source.text), .string(clone.account.text)])
      guard let row = rows.first else { return nil }
      let original = try FileRow.file(row)
      guard original.isVerified || original.user == clone.user else { return nil }
      let object = try row["object_id"].int64
      try await session.query("UPDATE objects SET reference_count = reference_count + 1 WHERE object_id = $1", [.int64(object)])
      var file = original
      file.id = clone.id
      file.user = clone.user
      file.name = clone.name ?? original.name
      file.mediaType = clone.mediaType ?? original.mediaType
      try await FileRow.insert(file, object: object, clonedFrom: source, in: session)
      try await UsageRow.insert(file, kind: .duplicate, amount: Price.transfer(of: file.size), in: session)
      if file.hash != nil { try await OutboxRow.insert([.registerFile(file)], in: session) }
      return file
    }
  }

  func usage(account: AccountID, user: UserID?) async throws -> UsageTotals {
    let rows = try await pool.query(UsageRow.totals, [.string(account.text), .optional(user?.text)])
    return try rows.first.map { try UsageRow.totals($0) } ?? UsageTotals()
  }
}

import Model
import Postgres

/// The statements about `upload_sessions` and `upload_states`.
enum SessionSQL {
  static let columns = """
    file_id, account_id, user_id, file_hash, file_name, file_type, file_size, chunk_size, chunks_total, threads, edges_used,
    estimated_cost_micro_dollars, status, multipart_upload_id, started_at, expires_at, completed_at, bytes_uploaded,
    actual_cost_micro_dollars
    """
  private static let open = "status IN ('in_progress', 'paused')"
  private static let owned = "account_id = $1 AND ($2::text IS NULL OR user_id = $2)"

  /// Opening does not wait for the disk: it is on the way of every client that asks for edges. Nothing can be lost by it that matters: a
  /// chunk's record does wait, and PostgreSQL writes in order, so no chunk outlives its session in a crash.
  static let insert = """
    INSERT INTO upload_sessions (file_id, account_id, user_id, file_hash, file_name, file_type, file_size, chunk_size, chunks_total, threads,
      edges_used, estimated_cost_micro_dollars, status, started_at, expires_at)
    SELECT $1, $2, $3, $4::bytea, $5, $6, $7, $8, $9, $10, $11::text[], $12, $13, $14, $15
    WHERE set_config('synchronous_commit', 'off', true) IS NOT NULL
    ON CONFLICT (file_id) DO NOTHING
    """

  static let find = "SELECT \(columns) FROM upload_sessions WHERE file_id = $1"
  static let slide = "UPDATE upload_sessions SET expires_at = greatest(expires_at, $2::timestamptz) WHERE file_id = $1 AND \(open)"
  static let lock = "SELECT multipart_upload_id, \(open) FROM upload_sessions WHERE file_id = $1 FOR UPDATE"
  static let keepMultipart = "UPDATE upload_sessions SET multipart_upload_id = $2 WHERE file_id = $1"

  static let saveEdges = """
    INSERT INTO upload_states AS s (file_id, edges, saved_at) VALUES ($1, $2::text[], $3)
    ON CONFLICT (file_id) DO UPDATE SET edges = excluded.edges, saved_at = excluded.saved_at WHERE s.saved_at <= excluded.saved_at
    """
  static let savedEdges = "SELECT edges FROM upload_states WHERE file_id = $1"

  static let close = """
    UPDATE upload_sessions SET status = $2, completed_at = $3, bytes_uploaded = $4, actual_cost_micro_dollars = $5,
      edge_ids = $6::text[], edge_chunks = $7::bigint[], edge_bytes = $8::bigint[]
    WHERE file_id = $1 AND \(open)
    """

  static let expired = "SELECT \(columns) FROM upload_sessions WHERE \(open) AND expires_at <= $1 ORDER BY expires_at LIMIT $2"

  private static let shown = "\(columns), edge_ids, edge_chunks, edge_bytes"
  /// The newest $3, and the newest $3 of those that can be gone on with: whoever comes back for one must find it, however many others
  /// were begun since.
  static let recent = """
    (SELECT \(shown) FROM upload_sessions WHERE \(owned) ORDER BY started_at DESC LIMIT $3)
    UNION
    (SELECT \(shown) FROM upload_sessions WHERE \(owned) AND \(open) ORDER BY started_at DESC LIMIT $3)
    ORDER BY started_at DESC
    """

  /// $3 is from when on speeds count, $4 the present.
  static let figures = """
    SELECT count(*) FILTER (WHERE status = 'completed'),
      count(*) FILTER (WHERE \(open) AND expires_at > $4::timestamptz),
      coalesce(sum(bytes_uploaded) FILTER (WHERE status = 'completed' AND completed_at >= $3::timestamptz), 0)::bigint,
      coalesce(sum(extract(epoch FROM completed_at - started_at) * 1000)
        FILTER (WHERE status = 'completed' AND completed_at >= $3::timestamptz), 0)::bigint,
      coalesce(sum(actual_cost_micro_dollars) FILTER (WHERE status = 'completed'), 0)::bigint,
      coalesce(sum(bytes_uploaded) FILTER (WHERE status = 'completed'), 0)::bigint
    FROM upload_sessions WHERE \(owned)
    """

  static let prune = "DELETE FROM upload_sessions WHERE completed_at < $1"

  static func parameters(_ session: UploadSession) -> [PostgresValue] {
    [
      .string(session.file.text), .string(session.owner.account.text), .string(session.owner.user.text),
      session.fileHash.map { .bytes($0.bytes) } ?? .null, .optional(session.fileName), .optional(session.mediaType),
      .clamping(session.plan.fileSize.rawValue), .clamping(session.plan.chunkSize.rawValue), .clamping(session.plan.chunksTotal),
      .clamping(session.threads), .textArray(session.edges.map(\.text)), .int64(session.estimatedCost.rawValue),
      .string(session.status.rawValue), .timestampMilliseconds(session.startedAt), .timestampMilliseconds(session.expiresAt),
    ]
  }

  /// Reads `columns`.
  static func session(_ row: PostgresRow) throws -> UploadSession {
    guard let file = FileID(try row[0].string), let account = AccountID(try row[1].string), let user = UserID(try row[2].string),
      let status = SessionStatus(rawValue: try row[12].string)
    else { throw PostgresError.decoding("file_id, account_id, user_id or status is not one") }
    guard
      let plan = UploadPlan(
        fileSize: ByteCount(UInt64(clamping: try row[6].int64)), chunkSize: ByteCount(UInt64(clamping: try row[7].int64)),
        chunksTotal: UInt32(clamping: try row[8].int64))
    else { throw PostgresError.decoding("the plan of \(file) makes no sense") }
    return UploadSession(
      file: file, owner: SessionOwner(account: account, user: user), fileHash: try row[3].ifPresent.flatMap { ContentHash(bytes: try $0.bytes) },
      fileName: try row[4].ifPresent?.string, mediaType: try row[5].ifPresent?.string, plan: plan, threads: UInt32(clamping: try row[9].int64),
      edges: try row[10].textArray.compactMap { EdgeID($0) }, estimatedCost: MicroDollars(try row[11].int64), status: status,
      multipartID: try row[13].ifPresent?.string, startedAt: try row[14].timestampMilliseconds, expiresAt: try row[15].timestampMilliseconds,
      endedAt: try row[16].ifPresent?.timestampMilliseconds, bytesUploaded: ByteCount(UInt64(clamping: try row[17].int64)),
      actualCost: MicroDollars(try row[18].int64))
  }

  /// Reads `edge_ids, edge_chunks, edge_bytes` from column `first` on.
  static func portions(_ row: PostgresRow, from first: Int) throws -> [EdgePortion] {
    let ids = try row[first].textArray
    let chunks = try row[first + 1].int64Array
    let bytes = try row[first + 2].int64Array
    guard chunks.count == ids.count, bytes.count == ids.count else { throw PostgresError.decoding("the arrays of edges differ in length") }
    return ids.indices.compactMap { index in
      EdgeID(ids[index]).map { EdgePortion(edge: $0, chunks: UInt32(clamping: chunks[index]), bytes: ByteCount(UInt64(clamping: bytes[index]))) }
    }
  }
}

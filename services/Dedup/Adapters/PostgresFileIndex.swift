import Model
import Postgres

/// `file_hashes` in PostgreSQL with pgvector.
struct PostgresFileIndex: FileIndex {
  let pool: PostgresPool

  func register(_ file: StoredFile, embedding: Embedding) async throws {
    try await pool.query(
      """
      INSERT INTO file_hashes
        (file_id, account_id, user_id, file_hash, file_size, file_name, file_type, object_key, verified_at, embedder, embedding)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, CASE WHEN $9::boolean THEN now() END, $10, $11::vector)
      ON CONFLICT (file_id) DO UPDATE SET
        file_hash = excluded.file_hash, file_size = excluded.file_size, file_name = excluded.file_name, file_type = excluded.file_type,
        object_key = excluded.object_key, verified_at = coalesce(file_hashes.verified_at, excluded.verified_at),
        embedder = excluded.embedder, embedding = excluded.embedding
      WHERE file_hashes.account_id = excluded.account_id
      """,
      [
        .string(file.id.text), .string(file.account.text), .string(file.user.text), .bytes(file.hash.bytes), .clamping(file.size.rawValue),
        .string(file.description.name), .string(file.description.type), .string(file.objectKey), .bool(file.isVerified),
        .string(embedding.embedder), .string(Self.text(of: embedding.vector)),
      ])
  }

  func forget(_ file: FileID, account: AccountID) async throws {
    try await pool.query("DELETE FROM file_hashes WHERE file_id = $1 AND account_id = $2", [.string(file.text), .string(account.text)])
  }

  func exact(_ hash: ContentHash, _ size: ByteCount, account: AccountID, user: UserID?) async throws -> ExactMatch? {
    let rows = try await pool.query(
      """
      SELECT file_id, object_key, file_name, verified_at IS NOT NULL AS verified FROM file_hashes
      WHERE account_id = $1 AND file_hash = $2 AND file_size = $3 AND (verified_at IS NOT NULL OR user_id = $4)
      ORDER BY user_id = $4 DESC NULLS LAST, verified_at IS NOT NULL DESC, registered_at, file_id LIMIT 1
      """,
      [.string(account.text), .bytes(hash.bytes), .clamping(size.rawValue), .optional(user?.text)])
    guard let row = rows.first, let id = FileID(try row["file_id"].string) else { return nil }
    let match = Match(id: id, objectKey: try row["object_key"].string, name: try row["file_name"].string, kind: .exact, similarity: 1)
    return ExactMatch(match: match, isVerified: try row["verified"].bool)
  }

  func nearest(_ embedding: Embedding, account: AccountID, user: UserID?, similarityMin: Double) async throws -> Match? {
    // The index knows nothing of accounts: an iterative scan goes on until enough rows pass the filter.
    let rows = try await pool.transaction { session in
      _ = try await session.query("SET LOCAL hnsw.iterative_scan = 'strict_order'")
      return try await session.query(
        """
        SELECT file_id, object_key, file_name, 1 - (embedding <=> $1::vector) AS similarity FROM file_hashes
        WHERE account_id = $2 AND embedder = $3 AND ($4::text IS NULL OR user_id = $4)
        ORDER BY embedding <=> $1::vector LIMIT 1
        """,
        [.string(Self.text(of: embedding.vector)), .string(account.text), .string(embedding.embedder), .optional(user?.text)])
    }
    guard let row = rows.first, let id = FileID(try row["file_id"].string) else { return nil }
    let similarity = try row["similarity"].double
    guard similarity >= similarityMin else { return nil }
    return Match(
      id: id, objectKey: try row["object_key"].string, name: try row["file_name"].string, kind: .similar, similarity: min(1, similarity))
  }

  /// pgvector's text form: `[1,2,3]`.
  private static func text(of vector: [Float]) -> String { "[" + vector.map { "\($0)" }.joined(separator: ",") + "]" }
}

import Bytes
import Model
import Postgres

/// The statements about `upload_chunks`. Those over many rows take one array for each column.
enum ChunkSQL {
  /// $1…$6 are the columns, $7 the lease in milliseconds. Returns the rows whose claim stands now.
  /// A claim of the same bytes begins its lease anew, whichever edge makes it.
  static let claim = """
    INSERT INTO upload_chunks AS c (file_id, chunk_index, account_id, hash, size, edge_id, claimed_at)
    SELECT file_id, chunk_index, account_id, decode(hash, 'hex'), size, edge_id, now()
    FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[])
      AS t (file_id, chunk_index, account_id, hash, size, edge_id)
    ORDER BY file_id, chunk_index
    ON CONFLICT (file_id, chunk_index) DO UPDATE
      SET hash = excluded.hash, size = excluded.size, edge_id = excluded.edge_id, claimed_at = now()
      WHERE c.stored_at IS NULL AND (c.hash = excluded.hash OR c.claimed_at < now() - $7::bigint * interval '1 millisecond')
    RETURNING file_id, chunk_index
    """

  /// $1…$6 are the columns, $7 the ETags, $8 the lease in milliseconds. Returns the rows that are recorded with these bytes now.
  /// Where the same bytes were stored again the newer ETag stands: the store, too, keeps the part that came last.
  static let record = """
    INSERT INTO upload_chunks AS c (file_id, chunk_index, account_id, hash, size, edge_id, claimed_at, etag, stored_at)
    SELECT file_id, chunk_index, account_id, decode(hash, 'hex'), size, edge_id, now(), etag, now()
    FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[])
      AS t (file_id, chunk_index, account_id, hash, size, edge_id, etag)
    ORDER BY file_id, chunk_index
    ON CONFLICT (file_id, chunk_index) DO UPDATE
      SET hash = excluded.hash, size = excluded.size, edge_id = excluded.edge_id, etag = excluded.etag,
        stored_at = coalesce(c.stored_at, excluded.stored_at)
      WHERE c.hash = excluded.hash
        OR (c.stored_at IS NULL AND c.claimed_at < now() - $8::bigint * interval '1 millisecond')
    RETURNING file_id, chunk_index
    """

  /// Who holds some addresses, whatever their lease.
  static let holders = """
    SELECT c.file_id, c.chunk_index, c.hash, c.etag
    FROM unnest($1::text[], $2::bigint[]) AS t (file_id, chunk_index)
    JOIN upload_chunks c ON c.file_id = t.file_id AND c.chunk_index = t.chunk_index
    """

  static let totals = """
    SELECT file_id, count(*), sum(size)::bigint FROM upload_chunks
    WHERE file_id = ANY ($1::text[]) AND stored_at IS NOT NULL GROUP BY file_id
    """

  static let release = """
    DELETE FROM upload_chunks
    WHERE file_id = $1 AND chunk_index = $2::bigint AND hash = $3::bytea AND edge_id = $4 AND stored_at IS NULL
    """

  /// $3 is the lease in milliseconds: a claim that is older no longer holds its address.
  static let holder = """
    SELECT account_id, hash, size, edge_id, stored_at IS NOT NULL FROM upload_chunks
    WHERE file_id = $1 AND chunk_index = $2::bigint
      AND (stored_at IS NOT NULL OR claimed_at >= now() - $3::bigint * interval '1 millisecond')
    """

  static let chunks = """
    SELECT chunk_index, hash, size, edge_id, etag, stored_at FROM upload_chunks
    WHERE file_id = $1 AND stored_at IS NOT NULL AND ($2::text IS NULL OR account_id = $2) ORDER BY chunk_index
    """

  static let storedIndices = """
    SELECT coalesce(array_agg(chunk_index ORDER BY chunk_index), '{}'), coalesce(sum(size), 0)::bigint FROM upload_chunks
    WHERE file_id = $1 AND stored_at IS NOT NULL AND ($2::text IS NULL OR account_id = $2)
    """

  static let portions = """
    SELECT file_id, edge_id, count(*), sum(size)::bigint FROM upload_chunks
    WHERE file_id = ANY ($1::text[]) AND stored_at IS NOT NULL AND ($2::text IS NULL OR account_id = $2)
    GROUP BY file_id, edge_id ORDER BY file_id, sum(size) DESC, edge_id
    """

  static let drop = "DELETE FROM upload_chunks WHERE file_id = $1 AND ($2::text IS NULL OR account_id = $2) RETURNING chunk_index"

  static let sweep = "DELETE FROM upload_chunks WHERE stored_at IS NULL AND claimed_at < now() - $1::bigint * interval '1 hour'"

  /// The arrays for `claim`, and the first ones for `record`.
  static func columns(_ claims: [ChunkClaim]) -> [PostgresValue] {
    [
      .textArray(claims.map(\.address.file.text)), .int64Array(claims.map { Int64($0.address.index.rawValue) }),
      .textArray(claims.map(\.account.text)), .textArray(claims.map { Hex.encode($0.hash.bytes) }),
      .int64Array(claims.map { Int64(clamping: $0.size.rawValue) }), .textArray(claims.map(\.edge.text)),
    ]
  }

  static func address(_ row: PostgresRow) throws -> ChunkAddress {
    guard let file = FileID(try row[0].string), let index = UInt32(exactly: try row[1].int64).flatMap({ ChunkIndex($0) }) else {
      throw PostgresError.decoding("file_id or chunk_index is not one")
    }
    return ChunkAddress(file: file, index: index)
  }

  static func index(_ number: Int64) throws -> ChunkIndex {
    guard let index = UInt32(exactly: number).flatMap({ ChunkIndex($0) }) else { throw PostgresError.decoding("chunk_index is not one") }
    return index
  }

  static func hash(_ cell: PostgresCell) throws -> ContentHash {
    guard let hash = ContentHash(bytes: try cell.bytes) else { throw PostgresError.decoding("hash is not 32 bytes") }
    return hash
  }

  static func edge(_ cell: PostgresCell) throws -> EdgeID {
    guard let edge = EdgeID(try cell.string) else { throw PostgresError.decoding("edge_id is not one") }
    return edge
  }
}

import Model
import Postgres

/// Table `files`, with what `objects` says of the same bytes.
enum FileRow {
  /// Of `files f` joined with `objects o`.
  static let columns =
    "f.file_id, f.account_id, f.user_id, f.name, f.media_type, f.size_bytes, f.file_hash, o.object_key, o.state = 'verified' AS is_verified"

  static func file(_ row: PostgresRow) throws -> StoredFile {
    guard let id = FileID(try row["file_id"].string), let account = AccountID(try row["account_id"].string),
      let user = UserID(try row["user_id"].string), let size = UInt64(exactly: try row["size_bytes"].int64)
    else { throw PostgresError.decoding("table files holds a row with ids or a size that cannot be") }
    return StoredFile(
      id: id, account: account, user: user, name: try row["name"].string, mediaType: try row["media_type"].string, size: ByteCount(size),
      hash: try row["file_hash"].ifPresent.flatMap { ContentHash(bytes: try $0.bytes) }, objectKey: try row["object_key"].string,
      isVerified: try row["is_verified"].bool)
  }

  static func insert(_ file: StoredFile, object: Int64, clonedFrom source: FileID?, in session: PostgresSession) async throws {
    try await session.query(
      """
      INSERT INTO files (file_id, account_id, user_id, object_id, name, media_type, size_bytes, file_hash, cloned_from)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
      """,
      [
        .string(file.id.text), .string(file.account.text), .string(file.user.text), .int64(object), .string(file.name), .string(file.mediaType),
        .clamping(file.size.rawValue), file.hash.map { .bytes($0.bytes) } ?? .null, .optional(source?.text),
      ])
  }
}

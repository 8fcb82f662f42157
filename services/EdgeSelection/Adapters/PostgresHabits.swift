import JSON
import Model
import Postgres

/// `upload_patterns`: who uploads when.
struct PostgresHabits {
  let pool: PostgresPool
  var limits = EdgeLimits()

  /// Adds counts to what is there. Returns the habits as they are now.
  func add(_ habits: [UploadHabit]) async throws -> [UploadHabit] {
    guard !habits.isEmpty else { return [] }
    var writer = JSONWriter(reservingCapacity: habits.count * 256)
    writer.beginArray()
    for habit in habits {
      writer.beginObject()
      writer.key("account")
      writer.string(habit.caller.account.text)
      writer.key("member")
      writer.string(habit.caller.user.text)
      writer.key("hour")
      writer.integer(Int64(habit.when.hour))
      writer.key("day")
      writer.integer(Int64(habit.when.day))
      writer.key("size")
      writer.double(habit.averageFileSize)
      writer.key("uploads")
      writer.integer(habit.uploads)
      writer.key("edges")
      writer.beginArray()
      for edge in habit.edges { writer.string(edge.text) }
      writer.endArray()
      writer.endObject()
    }
    writer.endArray()
    let rows = try await pool.query(
      """
      INSERT INTO upload_patterns AS p (account_id, user_id, hour, day_of_week, avg_file_size, upload_count, typical_edges)
      SELECT account, member, hour, day, size, uploads, edges
      FROM json_to_recordset($1::json)
        AS n (account text, member text, hour smallint, day smallint, size double precision, uploads bigint, edges jsonb)
      ORDER BY account, member, hour, day
      ON CONFLICT (account_id, user_id, hour, day_of_week) DO UPDATE SET
        avg_file_size = (p.avg_file_size * p.upload_count + excluded.avg_file_size * excluded.upload_count)
          / (p.upload_count + excluded.upload_count),
        upload_count = p.upload_count + excluded.upload_count, typical_edges = excluded.typical_edges, updated_at = now()
      RETURNING \(Self.columns)
      """, [.string(writer.text)])
    return try rows.compactMap(Self.habit)
  }

  /// Everybody who tends to upload in this hour of the week, the keenest first. `account` and `user` nil: anybody's.
  func habits(at when: HourOfWeek, account: AccountID?, user: UserID?) async throws -> [UploadHabit] {
    let rows = try await pool.query(
      """
      SELECT \(Self.columns) FROM upload_patterns
      WHERE day_of_week = $1 AND hour = $2 AND upload_count >= $3
        AND ($4::text IS NULL OR account_id = $4) AND ($5::text IS NULL OR user_id = $5)
      ORDER BY upload_count DESC LIMIT \(limits.usersPerWarmingMax)
      """,
      [
        .clamping(when.day), .clamping(when.hour), .int64(EdgeLimits.habitUploadsMin), .optional(account?.text), .optional(user?.text),
      ])
    return try rows.compactMap(Self.habit)
  }

  /// The habits that are often enough to count, in the order of their keys, from the one that follows `last`. Empty at the end.
  func page(after last: UploadHabit?) async throws -> [UploadHabit] {
    let rows = try await pool.query(
      """
      SELECT \(Self.columns) FROM upload_patterns
      WHERE upload_count >= $1 AND (account_id, user_id, hour, day_of_week) > ($2, $3, $4, $5)
      ORDER BY account_id, user_id, hour, day_of_week LIMIT \(EdgeLimits.patternsPerPageMax)
      """,
      [
        .int64(EdgeLimits.habitUploadsMin), .string(last?.caller.account.text ?? ""), .string(last?.caller.user.text ?? ""),
        .clamping(last?.when.hour ?? -1), .clamping(last?.when.day ?? -1),
      ])
    return try rows.compactMap(Self.habit)
  }

  private static let columns = "account_id, user_id, hour, day_of_week, upload_count, avg_file_size, typical_edges::text"

  private static func habit(in row: PostgresRow) throws -> UploadHabit? {
    guard let account = AccountID(try row[0].string), let user = UserID(try row[1].string) else { return nil }
    let edges = try JSONValue(parsing: try row[6].string).arrayValue ?? []
    return UploadHabit(
      caller: Caller(account: account, user: user), when: HourOfWeek(hour: Int(try row[2].int64), day: Int(try row[3].int64)),
      uploads: try row[4].int64, averageFileSize: try row[5].double, edges: edges.compactMap { $0.stringValue.flatMap { EdgeID($0) } })
  }
}

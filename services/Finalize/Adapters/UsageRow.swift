import Model
import Postgres

/// Tables `usage` and `usage_totals`.
enum UsageRow {
  enum Kind: String {
    case transfer
    case duplicate
  }

  /// One record, and the sums with it.
  static func insert(_ file: StoredFile, kind: Kind, amount: MicroDollars, in session: PostgresSession) async throws {
    let owner: [PostgresValue] = [.string(file.account.text), .string(file.user.text)]
    let size = PostgresValue.clamping(file.size.rawValue)
    try await session.query(
      "INSERT INTO usage (account_id, user_id, file_id, kind, size_bytes, amount_micro_dollars) VALUES ($1, $2, $3, $4, $5, $6)",
      owner + [.string(file.id.text), .string(kind.rawValue), size, .int64(amount.rawValue)])
    let zero = PostgresValue.int64(0)
    let sums: [PostgresValue] =
      kind == .transfer ? [size, .int64(amount.rawValue), zero, zero, 0] : [zero, zero, size, .int64(amount.rawValue), 1]
    try await session.query(
      """
      INSERT INTO usage_totals AS t
        (account_id, user_id, transferred_bytes, cost_micro_dollars, saved_bytes, saved_cost_micro_dollars, duplicates, files)
      VALUES ($1, $2, $3, $4, $5, $6, $7, 1)
      ON CONFLICT (account_id, user_id) DO UPDATE SET
        transferred_bytes = t.transferred_bytes + excluded.transferred_bytes,
        cost_micro_dollars = t.cost_micro_dollars + excluded.cost_micro_dollars,
        saved_bytes = t.saved_bytes + excluded.saved_bytes,
        saved_cost_micro_dollars = t.saved_cost_micro_dollars + excluded.saved_cost_micro_dollars,
        duplicates = t.duplicates + excluded.duplicates,
        files = t.files + 1
      """, owner + sums)
  }

  /// The sums of an account, or of one of its users.
  static let totals = """
    SELECT coalesce(sum(transferred_bytes), 0)::bigint, coalesce(sum(cost_micro_dollars), 0)::bigint, coalesce(sum(saved_bytes), 0)::bigint,
      coalesce(sum(saved_cost_micro_dollars), 0)::bigint, coalesce(sum(files), 0)::bigint, coalesce(sum(duplicates), 0)::bigint
    FROM usage_totals WHERE account_id = $1 AND ($2::text IS NULL OR user_id = $2)
    """

  static func totals(_ row: PostgresRow) throws -> UsageTotals {
    var totals = UsageTotals()
    totals.transferred = ByteCount(UInt64(clamping: try row[0].int64))
    totals.cost = MicroDollars(try row[1].int64)
    totals.saved = ByteCount(UInt64(clamping: try row[2].int64))
    totals.savedCost = MicroDollars(try row[3].int64)
    totals.files = UInt32(clamping: try row[4].int64)
    totals.duplicates = UInt32(clamping: try row[5].int64)
    return totals
  }
}

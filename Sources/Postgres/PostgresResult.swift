import CLibpq

/// Owns one result of libpq, which is never changed after it was made: reading it from several threads is safe.
final class PostgresResult: @unchecked Sendable {
  private let raw: OpaquePointer
  let rowCount: Int32
  let columnCount: Int32

  /// Takes over `raw`.
  init(owning raw: OpaquePointer) {
    self.raw = raw
    rowCount = PQntuples(raw)
    columnCount = PQnfields(raw)
  }

  deinit { PQclear(raw) }

  /// Rows that INSERT, UPDATE, DELETE, SELECT touched or returned; 0 for other commands.
  var affectedCount: Int { PQcmdTuples(raw).flatMap { Int(String(cString: $0)) } ?? 0 }

  /// E.g. `COMMIT`.
  var commandTag: String { PQcmdStatus(raw).map { String(cString: $0) } ?? "" }

  func name(of column: Int32) -> String { PQfname(raw, column).map { String(cString: $0) } ?? "" }

  func column(named name: String) -> Int32? {
    (0..<columnCount).first { self.name(of: $0) == name }
  }

  func isNull(_ row: Int32, _ column: Int32) -> Bool { PQgetisnull(raw, row, column) == 1 }

  /// The text of a cell; valid while the result lives.
  func text(_ row: Int32, _ column: Int32) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: PQgetvalue(raw, row, column), count: Int(PQgetlength(raw, row, column)))
  }
}

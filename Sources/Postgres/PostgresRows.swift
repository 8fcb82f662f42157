import Bytes

/// The rows of one answer.
public struct PostgresRows: RandomAccessCollection, Sendable {
  let result: PostgresResult

  public var startIndex: Int { 0 }
  public var endIndex: Int { Int(result.rowCount) }

  public subscript(_ index: Int) -> PostgresRow {
    precondition(indices.contains(index), "row index out of range")
    return PostgresRow(result: result, row: Int32(index))
  }

  /// Rows that INSERT, UPDATE, DELETE, SELECT touched or returned; 0 for other commands.
  public var affectedCount: Int { result.affectedCount }
}

/// One row; cells by number or by name.
public struct PostgresRow: Sendable {
  let result: PostgresResult
  let row: Int32

  /// Reading a column that the row does not have throws `PostgresError.decoding`.
  public subscript(_ column: Int) -> PostgresCell {
    PostgresCell(result: result, row: row, column: Int32(clamping: column), label: .number(column))
  }

  public subscript(_ column: String) -> PostgresCell {
    PostgresCell(result: result, row: row, column: result.column(named: column) ?? -1, label: .name(column))
  }
}

/// One cell. The getters throw `PostgresError.decoding` where it is null or holds something else.
public struct PostgresCell: Sendable {
  let result: PostgresResult
  let row: Int32
  let column: Int32
  let label: Label

  /// How the caller asked for it, for errors.
  enum Label: CustomStringConvertible {
    case number(Int)
    case name(String)

    var description: String {
      switch self {
      case .number(let number): "\(number)"
      case .name(let name): name
      }
    }
  }

  public var isNull: Bool { isThere && result.isNull(row, column) }

  /// Nil for null: `try row[3].ifPresent?.int64`.
  public var ifPresent: PostgresCell? { isNull ? nil : self }

  public var string: String {
    get throws(PostgresError) { String(decoding: try text("text"), as: UTF8.self) }
  }

  public var int64: Int64 {
    get throws(PostgresError) { try parsed("an integer") { Self.integer($0) } }
  }

  public var double: Double {
    get throws(PostgresError) { try parsed("a number") { Double(String(decoding: $0, as: UTF8.self)) } }
  }

  public var bool: Bool {
    get throws(PostgresError) {
      try parsed("a boolean") { text in
        guard text.count == 1 else { return nil }
        return text[0] == UInt8(ascii: "t") ? true : text[0] == UInt8(ascii: "f") ? false : nil
      }
    }
  }

  /// `bytea`
  public var bytes: [UInt8] {
    get throws(PostgresError) {
      try parsed("bytes") { text in
        guard text.count >= 2, text[0] == UInt8(ascii: "\\"), text[1] == UInt8(ascii: "x") else { return nil }
        return Hex.decode(UnsafeRawBufferPointer(rebasing: text[2...]))
      }
    }
  }

  /// `timestamptz` in milliseconds since 1970, rounded down.
  public var timestampMilliseconds: Int64 {
    get throws(PostgresError) { try parsed("a time") { Timestamp.milliseconds($0) } }
  }

  /// A one-dimensional array; a null in it is an error.
  public var textArray: [String] {
    get throws(PostgresError) { try parsed("an array of text") { ArrayText.elements($0) } }
  }

  public var int64Array: [Int64] {
    get throws(PostgresError) {
      try parsed("an array of integers") { text in
        guard let elements = ArrayText.elements(text) else { return nil }
        let numbers = elements.compactMap { Int64($0) }
        return numbers.count == elements.count ? numbers : nil
      }
    }
  }

  /// Decimal, as the server writes it. By way of a string it would cost an allocation.
  private static func integer(_ text: UnsafeRawBufferPointer) -> Int64? {
    let isNegative = text.first == UInt8(ascii: "-")
    let digits = text.dropFirst(isNegative ? 1 : 0)
    guard !digits.isEmpty else { return nil }
    var number: Int64 = 0
    for byte in digits {
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
      let digit = Int64(byte - UInt8(ascii: "0"))
      let (tens, tooLarge) = number.multipliedReportingOverflow(by: 10)
      // Downwards for negative numbers, whose range reaches one further.
      let (sum, overflow) = isNegative ? tens.subtractingReportingOverflow(digit) : tens.addingReportingOverflow(digit)
      guard !tooLarge, !overflow else { return nil }
      number = sum
    }
    return number
  }

  private var isThere: Bool { column >= 0 && column < result.columnCount }

  private func text(_ wanted: String) throws(PostgresError) -> UnsafeRawBufferPointer {
    guard isThere else { throw .decoding("there is no column \(label)") }
    guard !result.isNull(row, column) else { throw .decoding("column \(label) is null where \(wanted) was expected") }
    return result.text(row, column)
  }

  private func parsed<T>(_ wanted: String, _ parse: (UnsafeRawBufferPointer) -> T?) throws(PostgresError) -> T {
    let text = try text(wanted)
    guard let value = withExtendedLifetime(result, { parse(text) }) else { throw .decoding("column \(label) is not \(wanted)") }
    return value
  }
}

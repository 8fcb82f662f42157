/// A parameter. All go in text form, and the server finds their type from where they stand (`$1::bigint` says it outright).
public enum PostgresValue: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByFloatLiteral, ExpressibleByNilLiteral
{
  case null
  case string(String)
  case int64(Int64)
  case bool(Bool)
  case double(Double)
  /// `bytea`
  case bytes([UInt8])
  /// `timestamptz`, milliseconds since 1970 in UTC.
  case timestampMilliseconds(Int64)
  case textArray([String])
  case int64Array([Int64])

  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int64) { self = .int64(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(floatLiteral value: Double) { self = .double(value) }
  public init(nilLiteral: ()) { self = .null }

  /// `.string`, or `.null` for nil.
  public static func optional(_ text: String?) -> PostgresValue { text.map { .string($0) } ?? .null }
  /// `.int64`, or `.null` for nil.
  public static func optional(_ number: Int64?) -> PostgresValue { number.map { .int64($0) } ?? .null }
  /// An unsigned number that must fit `bigint`; larger ones become its greatest value.
  public static func clamping(_ number: some BinaryInteger) -> PostgresValue { .int64(Int64(clamping: number)) }

  /// Appends the text form. False where the value cannot be sent: PostgreSQL text holds no NUL.
  func append(to bytes: inout [UInt8]) -> Bool {
    switch self {
    case .null:
      return true
    case .string(let text):
      guard !text.utf8.contains(0) else { return false }
      bytes.append(contentsOf: text.utf8)
    case .int64(let number):
      bytes.append(contentsOf: String(number).utf8)
    case .bool(let flag):
      bytes.append(UInt8(ascii: flag ? "t" : "f"))
    case .double(let number):
      bytes.append(contentsOf: (number.isNaN ? "NaN" : number.isInfinite ? (number < 0 ? "-Infinity" : "Infinity") : String(number)).utf8)
    case .bytes(let raw):
      Self.appendHex(raw, to: &bytes)
    case .timestampMilliseconds(let milliseconds):
      bytes.append(contentsOf: Timestamp.text(milliseconds: milliseconds).utf8)
    case .int64Array(let numbers):
      bytes.append(contentsOf: "{\(numbers.map { String($0) }.joined(separator: ","))}".utf8)
    case .textArray(let texts):
      return Self.appendArray(texts, to: &bytes)
    }
    return true
  }

  private static func appendHex(_ raw: [UInt8], to bytes: inout [UInt8]) {
    bytes.reserveCapacity(bytes.count + 2 + raw.count * 2)
    bytes.append(contentsOf: "\\x".utf8)
    for byte in raw {
      for nibble in [byte >> 4, byte & 15] { bytes.append(nibble + (nibble < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)) }
    }
  }

  /// Every element in quotes, so that commas, braces, blanks and the word NULL mean themselves.
  private static func appendArray(_ texts: [String], to bytes: inout [UInt8]) -> Bool {
    bytes.append(UInt8(ascii: "{"))
    for (index, text) in texts.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      bytes.append(UInt8(ascii: "\""))
      for byte in text.utf8 {
        if byte == 0 { return false }
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { bytes.append(UInt8(ascii: "\\")) }
        bytes.append(byte)
      }
      bytes.append(UInt8(ascii: "\""))
    }
    bytes.append(UInt8(ascii: "}"))
    return true
  }
}

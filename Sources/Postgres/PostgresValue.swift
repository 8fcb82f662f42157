import Bytes
import Glibc

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

  /// PostgreSQL text holds no NUL: such a value cannot be sent.
  var containsNUL: Bool {
    switch self {
    case .string(let text): Self.hasNUL(text)
    case .textArray(let texts): texts.contains { Self.hasNUL($0) }
    default: false
    }
  }

  /// At least as many bytes as the text form has.
  var textBytesMax: Int {
    switch self {
    case .null: 0
    case .bool: 1
    case .int64, .double: 32
    case .timestampMilliseconds: 64
    case .string(let text): text.utf8.count
    case .bytes(let raw): 2 + 2 * raw.count
    case .int64Array(let numbers): 2 + 21 * numbers.count
    case .textArray(let texts): texts.reduce(2) { $0 + 3 + 2 * $1.utf8.count }
    }
  }

  static func hasNUL(_ text: String) -> Bool {
    // A byte at a time, in Swift, this would cost as much as sending the text does.
    let found = text.utf8.withContiguousStorageIfAvailable { bytes in bytes.baseAddress.map { memchr($0, 0, bytes.count) != nil } ?? false }
    return found ?? text.utf8.contains(0)
  }

  /// Appends the text form.
  func append(to bytes: inout ByteBuffer) {
    switch self {
    case .null: break
    case .string(let text): bytes.append(utf8: text)
    case .int64(let number): Self.append(number, to: &bytes)
    case .bool(let flag): bytes.append(UInt8(ascii: flag ? "t" : "f"))
    case .double(let number):
      bytes.append(utf8: number.isNaN ? "NaN" : number.isInfinite ? (number < 0 ? "-Infinity" : "Infinity") : String(number))
    case .bytes(let raw): Self.appendHex(raw, to: &bytes)
    case .timestampMilliseconds(let milliseconds): bytes.append(utf8: Timestamp.text(milliseconds: milliseconds))
    case .int64Array(let numbers):
      bytes.append(UInt8(ascii: "{"))
      for (index, number) in numbers.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        Self.append(number, to: &bytes)
      }
      bytes.append(UInt8(ascii: "}"))
    case .textArray(let texts): Self.appendArray(texts, to: &bytes)
    }
  }

  private static func append(_ number: Int64, to bytes: inout ByteBuffer) {
    var digits = 1
    var rest = number.magnitude
    while rest >= 10 {
      rest /= 10
      digits += 1
    }
    if number < 0 { bytes.append(UInt8(ascii: "-")) }
    let place = bytes.reserve(digits).assumingMemoryBound(to: UInt8.self)
    rest = number.magnitude
    for index in stride(from: digits - 1, through: 0, by: -1) {
      place[index] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
    }
    bytes.commit(digits)
  }

  private static func appendHex(_ raw: [UInt8], to bytes: inout ByteBuffer) {
    bytes.append("\\x")
    let place = bytes.reserve(2 * raw.count).assumingMemoryBound(to: UInt8.self)
    for (index, byte) in raw.enumerated() {
      place[2 * index] = hexDigit(byte >> 4)
      place[2 * index + 1] = hexDigit(byte & 15)
    }
    bytes.commit(2 * raw.count)
  }

  private static func hexDigit(_ nibble: UInt8) -> UInt8 { nibble + (nibble < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10) }

  /// Every element in quotes, so that commas, braces, blanks and the word NULL mean themselves.
  private static func appendArray(_ texts: [String], to bytes: inout ByteBuffer) {
    bytes.append(UInt8(ascii: "{"))
    for (index, text) in texts.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      bytes.append(UInt8(ascii: "\""))
      for byte in text.utf8 {
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { bytes.append(UInt8(ascii: "\\")) }
        bytes.append(byte)
      }
      bytes.append(UInt8(ascii: "\""))
    }
    bytes.append(UInt8(ascii: "}"))
  }
}

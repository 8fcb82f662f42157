/// One word of a command: any bytes, including NUL and what is not UTF-8.
public enum RedisArgument: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral {
  case string(String)
  case bytes([UInt8])
  case int(Int64)

  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int64) { self = .int(value) }

  /// Bytes on the wire, without length and line ends.
  var byteCount: Int {
    switch self {
    case .string(let text): text.utf8.count
    case .bytes(let bytes): bytes.count
    case .int(let number): decimalDigitCount(number)
    }
  }
}

/// How many bytes `number` takes in decimal, with its sign.
func decimalDigitCount(_ number: Int64) -> Int {
  var count = number < 0 ? 2 : 1
  var rest = number.magnitude
  while rest >= 10 {
    rest /= 10
    count += 1
  }
  return count
}

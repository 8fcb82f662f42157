/// The `grpc-timeout` header: at most eight digits and a unit (H, M, S, m, u, n).
enum TimeoutText {
  /// Nanoseconds, clamped to `UInt64.max / 2`; nil where the text is not a timeout.
  static func nanoseconds(_ text: UnsafeRawBufferPointer) -> UInt64? {
    guard text.count >= 2, text.count <= 9 else { return nil }
    var value: UInt64 = 0
    for byte in text.dropLast() {
      guard byte >= 0x30, byte <= 0x39 else { return nil }
      value = value * 10 + UInt64(byte - 0x30)
    }
    let unit: UInt64
    switch text[text.count - 1] {
    case UInt8(ascii: "H"): unit = 3_600_000_000_000
    case UInt8(ascii: "M"): unit = 60_000_000_000
    case UInt8(ascii: "S"): unit = 1_000_000_000
    case UInt8(ascii: "m"): unit = 1_000_000
    case UInt8(ascii: "u"): unit = 1_000
    case UInt8(ascii: "n"): unit = 1
    default: return nil
    }
    let (product, overflow) = value.multipliedReportingOverflow(by: unit)
    return overflow ? .max / 2 : min(product, .max / 2)
  }

  /// The finest unit that fits eight digits, rounded up so that the peer never gives up before us.
  static func encode(nanoseconds: UInt64) -> String {
    withEncoded(nanoseconds: nanoseconds) { String(decoding: $0, as: UTF8.self) }
  }

  /// The same text as bytes, valid inside `body`: every call with a deadline sends one.
  static func withEncoded<Result>(nanoseconds: UInt64, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    var (value, letter) = (nanoseconds, UInt8(ascii: "n"))
    for (unit, name) in units where value >= 100_000_000 {
      (value, letter) = (nanoseconds / unit + (nanoseconds % unit == 0 ? 0 : 1), name)
    }
    value = min(value, 99_999_999)
    return withUnsafeTemporaryAllocation(byteCount: 16, alignment: 8) { text in
      var place = 15
      text[place] = letter
      repeat {
        place -= 1
        text[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10)
        value /= 10
      } while value > 0
      return body(UnsafeRawBufferPointer(rebasing: text[place...]))
    }
  }

  private static let units: [(UInt64, UInt8)] = [
    (1_000, UInt8(ascii: "u")), (1_000_000, UInt8(ascii: "m")), (1_000_000_000, UInt8(ascii: "S")), (60_000_000_000, UInt8(ascii: "M")),
    (3_600_000_000_000, UInt8(ascii: "H")),
  ]
}

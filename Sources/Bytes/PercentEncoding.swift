/// Percent-encoding of URI parts (RFC 3986 section 2.1). Works on bytes, so it takes any UTF-8.
public enum PercentEncoding {
  /// Encodes everything but the unreserved characters (RFC 3986 section 2.3) and, with `keepingSlash`, "/".
  /// The form that AWS Signature Version 4 asks for, too.
  public static func encode(_ text: String, keepingSlash: Bool = false) -> String {
    encode(text, keeping: keepingSlash ? "/" : "")
  }

  /// Encodes everything but the unreserved characters and the ASCII characters in `extra`.
  public static func encode(_ text: String, keeping extra: StaticString) -> String {
    var output = [UInt8]()
    output.reserveCapacity(text.utf8.count)
    let extras = UnsafeBufferPointer(start: extra.utf8Start, count: extra.utf8CodeUnitCount)
    for byte in text.utf8 {
      if isUnreserved(byte) || extras.contains(byte) {
        output.append(byte)
      } else {
        output.append(0x25)
        output.append(upperDigit(byte >> 4))
        output.append(upperDigit(byte & 0x0F))
      }
    }
    return String(decoding: output, as: UTF8.self)
  }

  /// The text behind the escapes; nil where a "%" is not followed by two hex digits or the result is not UTF-8.
  /// `plusIsSpace` reads "+" as a space, as in application/x-www-form-urlencoded queries.
  public static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
    guard let bytes = decodeBytes(text, plusIsSpace: plusIsSpace) else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }

  /// As `decode`, without asking for UTF-8.
  public static func decodeBytes(_ text: some StringProtocol, plusIsSpace: Bool = false) -> [UInt8]? {
    var output = [UInt8]()
    output.reserveCapacity(text.utf8.count)
    var bytes = text.utf8.makeIterator()
    while let byte = bytes.next() {
      switch byte {
      case 0x25:
        guard let first = bytes.next(), let second = bytes.next(),
          let high = Hex.value(first), let low = Hex.value(second)
        else { return nil }
        output.append(high << 4 | low)
      case 0x2B where plusIsSpace:
        output.append(0x20)
      default:
        output.append(byte)
      }
    }
    return output
  }

  /// ALPHA, DIGIT, "-", ".", "_", "~".
  @inlinable
  public static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
    default: false
    }
  }

  private static func upperDigit(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? 0x30 + nibble : 0x41 - 10 + nibble
  }
}

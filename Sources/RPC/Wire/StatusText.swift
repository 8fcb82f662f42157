import Bytes

/// The percent-encoding of `grpc-message`: printable ASCII but `%` as it is, every other byte as `%XX`.
enum StatusText {
  static func encode(_ text: String) -> String {
    var text = text
    return text.withUTF8 { bytes in
      guard bytes.contains(where: { !isPlain($0) }) else { return String(decoding: bytes, as: UTF8.self) }
      var encoded: [UInt8] = []
      encoded.reserveCapacity(bytes.count + 16)
      for byte in bytes {
        if isPlain(byte) {
          encoded.append(byte)
        } else {
          encoded.append(UInt8(ascii: "%"))
          encoded.append(digit(byte >> 4))
          encoded.append(digit(byte & 15))
        }
      }
      return String(decoding: encoded, as: UTF8.self)
    }
  }

  /// Takes escapes apart; what is not a valid escape stays as it is, and invalid UTF-8 is replaced, as the specification asks.
  static func decode(_ bytes: UnsafeRawBufferPointer) -> String {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count, let high = value(bytes[index + 1]), let low = value(bytes[index + 2]) {
        decoded.append(high << 4 | low)
        index += 3
      } else {
        decoded.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: decoded, as: UTF8.self)
  }

  private static func isPlain(_ byte: UInt8) -> Bool { byte >= 0x20 && byte <= 0x7E && byte != UInt8(ascii: "%") }
  private static func digit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x37 + nibble }
  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x41...0x46: digit - 0x37
    case 0x61...0x66: digit - 0x57
    default: nil
    }
  }
}

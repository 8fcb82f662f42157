/// Hexadecimal text (RFC 4648 section 8). Writes lower case, reads either case.
public enum Hex {
  public static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
    String(unsafeUninitializedCapacity: bytes.count * 2) { output in
      var index = 0
      for byte in bytes {
        output[index] = digit(byte >> 4)
        output[index + 1] = digit(byte & 0x0F)
        index += 2
      }
      return index
    }
  }

  public static func encode(_ bytes: [UInt8]) -> String {
    bytes.withUnsafeBytes { encode($0) }
  }

  /// The bytes `text` stands for, or nil where it has an odd length or a character that is no hex digit.
  public static func decode(_ text: String) -> [UInt8]? {
    var text = text
    return text.withUTF8 { decode(UnsafeRawBufferPointer($0)) }
  }

  public static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
    guard text.count % 2 == 0 else { return nil }
    var bytes = [UInt8]()
    bytes.reserveCapacity(text.count / 2)
    var index = 0
    while index < text.count {
      guard let high = value(text[index]), let low = value(text[index + 1]) else { return nil }
      bytes.append(high << 4 | low)
      index += 2
    }
    return bytes
  }

  /// 0...15 for a hex digit of either case.
  @inlinable
  public static func value(_ character: UInt8) -> UInt8? {
    switch character {
    case 0x30...0x39: character - 0x30
    case 0x41...0x46: character - 0x41 + 10
    case 0x61...0x66: character - 0x61 + 10
    default: nil
    }
  }

  /// The lower-case digit of a nibble; only the low four bits count.
  @inlinable
  public static func digit(_ nibble: UInt8) -> UInt8 {
    let nibble = nibble & 0x0F
    return nibble < 10 ? 0x30 + nibble : 0x61 - 10 + nibble
  }
}

/// Base32 in lower case without padding (the alphabet of RFC 4648 section 6: a-z, 2-7). 16 bytes become 26 characters.
public enum Base32 {
  private static let alphabet: StaticString = "abcdefghijklmnopqrstuvwxyz234567"

  public static func encode(_ bytes: [UInt8]) -> String {
    bytes.withUnsafeBytes { encode($0) }
  }

  public static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
    let letters = alphabet.utf8Start
    return String(unsafeUninitializedCapacity: (bytes.count * 8 + 4) / 5) { output in
      var bits: UInt32 = 0
      var bitCount: UInt32 = 0
      var written = 0
      for byte in bytes {
        bits = (bits << 8 | UInt32(byte)) & 0xFFFF
        bitCount += 8
        while bitCount >= 5 {
          bitCount -= 5
          output[written] = letters[Int(bits >> bitCount & 31)]
          written += 1
        }
      }
      if bitCount > 0 {
        output[written] = letters[Int(bits << (5 - bitCount) & 31)]
        written += 1
      }
      return written
    }
  }

  /// The bytes `text` stands for, or nil where a character is no lower-case base32 letter, the length fits no
  /// number of bytes, or the unused bits of the last character are not zero.
  public static func decode(_ text: String) -> [UInt8]? {
    var text = text
    return text.withUTF8 { decode(UnsafeRawBufferPointer($0)) }
  }

  public static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
    var bytes = [UInt8]()
    bytes.reserveCapacity(text.count * 5 / 8)
    var bits: UInt32 = 0
    var bitCount: UInt32 = 0
    for character in text {
      guard let value = value(character) else { return nil }
      bits = (bits << 5 | UInt32(value)) & 0xFFFF
      bitCount += 5
      if bitCount >= 8 {
        bitCount -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> bitCount))
      }
    }
    guard bitCount < 5, bits & ((1 << bitCount) - 1) == 0 else { return nil }
    return bytes
  }

  /// 0...31 for a letter of the alphabet.
  @inlinable
  public static func value(_ character: UInt8) -> UInt8? {
    switch character {
    case 0x61...0x7A: character - 0x61
    case 0x32...0x37: character - 0x32 + 26
    default: nil
    }
  }
}

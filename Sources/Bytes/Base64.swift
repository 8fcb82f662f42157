/// Base64 with the standard alphabet and padding (RFC 4648 section 4).
///
/// Reading is strict: no white space, padding where it belongs and nowhere else, and zero bits in the
/// unused part of the last character, so that every byte string has exactly one text.
public enum Base64 {
  public static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
    Base64Encoding.encode(bytes, alphabet: Base64Encoding.standardAlphabet, padded: true)
  }

  public static func encode(_ bytes: [UInt8]) -> String {
    bytes.withUnsafeBytes { encode($0) }
  }

  /// The bytes `text` stands for, or nil where it is not strict base64.
  public static func decode(_ text: String) -> [UInt8]? {
    var text = text
    return text.withUTF8 { decode(UnsafeRawBufferPointer($0)) }
  }

  public static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
    guard text.count % 4 == 0 else { return nil }
    return Base64Encoding.decodeWhole(text, with: Base64Decoder())
  }

  /// Characters that `byteCount` bytes become, padding included.
  public static func encodedCount(of byteCount: Int) -> Int {
    (byteCount + 2) / 3 * 4
  }
}

/// Base64 with the URL-safe alphabet and no padding (RFC 4648 section 5), as JWTs use it.
public enum Base64URL {
  public static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
    Base64Encoding.encode(bytes, alphabet: Base64Encoding.urlAlphabet, padded: false)
  }

  public static func encode(_ bytes: [UInt8]) -> String {
    bytes.withUnsafeBytes { encode($0) }
  }

  /// The bytes `text` stands for, or nil where it is not strict, unpadded base64url.
  public static func decode(_ text: String) -> [UInt8]? {
    var text = text
    return text.withUTF8 { decode(UnsafeRawBufferPointer($0)) }
  }

  public static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
    Base64Encoding.decodeWhole(text, with: Base64Decoder(urlSafe: true))
  }
}

/// What the two alphabets share.
enum Base64Encoding {
  static let standardAlphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  static let urlAlphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
  static let invalid: UInt8 = 0xFF
  static let standardValues = values(of: standardAlphabet)
  static let urlValues = values(of: urlAlphabet)

  private static func values(of alphabet: StaticString) -> [UInt8] {
    var table = [UInt8](repeating: invalid, count: 256)
    for value in 0..<64 { table[Int(alphabet.utf8Start[value])] = UInt8(value) }
    return table
  }

  static func encode(_ bytes: UnsafeRawBufferPointer, alphabet: StaticString, padded: Bool) -> String {
    let letters = alphabet.utf8Start
    return String(unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4) { output in
      var read = 0
      var written = 0
      while read + 3 <= bytes.count {
        let group = UInt32(bytes[read]) << 16 | UInt32(bytes[read + 1]) << 8 | UInt32(bytes[read + 2])
        output[written] = letters[Int(group >> 18)]
        output[written + 1] = letters[Int(group >> 12 & 63)]
        output[written + 2] = letters[Int(group >> 6 & 63)]
        output[written + 3] = letters[Int(group & 63)]
        read += 3
        written += 4
      }
      let rest = bytes.count - read
      guard rest > 0 else { return written }
      let group = UInt32(bytes[read]) << 16 | (rest == 2 ? UInt32(bytes[read + 1]) << 8 : 0)
      output[written] = letters[Int(group >> 18)]
      output[written + 1] = letters[Int(group >> 12 & 63)]
      written += 2
      if rest == 2 {
        output[written] = letters[Int(group >> 6 & 63)]
        written += 1
      }
      if padded {
        for _ in rest..<3 {
          output[written] = 0x3D
          written += 1
        }
      }
      return written
    }
  }

  static func decodeWhole(_ text: UnsafeRawBufferPointer, with decoder: consuming Base64Decoder) -> [UInt8]? {
    var failed = false
    let bytes = [UInt8](unsafeUninitializedCapacity: Base64Decoder.outputBytesMax(forInput: text.count)) { output, count in
      do throws(Base64Decoder.Failure) {
        count = try decoder.decode(text, into: UnsafeMutableRawBufferPointer(output))
        count += try decoder.finish(into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(output)[count...]))
      } catch {
        failed = true
      }
    }
    return failed ? nil : bytes
  }
}

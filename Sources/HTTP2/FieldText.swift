/// Which bytes the names and values of fields may be made of. Eight are looked at in one step where nearly all are of one kind.
enum FieldText {
  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let highs: UInt64 = 0x8080_8080_8080_8080

  /// Hands eight bytes after the other to `isFine`, the last eight overlapping those before; fewer than eight are padded with `padding`.
  @inline(__always)
  private static func allWords(_ bytes: UnsafeRawBufferPointer, padding: UInt8, _ isFine: (UInt64) -> Bool) -> Bool {
    guard let base = bytes.baseAddress, bytes.count > 0 else { return true }
    guard bytes.count >= 8 else { return isFine(shortWord(base, bytes.count, padding)) }
    var offset = 0
    while offset < bytes.count &- 8 {
      guard isFine(base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) else { return false }
      offset &+= 8
    }
    return isFine(base.loadUnaligned(fromByteOffset: bytes.count &- 8, as: UInt64.self))
  }

  /// One to seven bytes, some of them twice.
  @inline(__always) private static func shortWord(_ base: UnsafeRawPointer, _ count: Int, _ padding: UInt8) -> UInt64 {
    if count >= 4 {
      let last = base.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
      return UInt64(base.loadUnaligned(as: UInt32.self)) | UInt64(last) << 32
    }
    func byte(_ index: Int) -> UInt64 { UInt64(base.load(fromByteOffset: index, as: UInt8.self)) }
    return (UInt64(padding) &* ones) << 24 | byte(0) | byte(count / 2) << 8 | byte(count &- 1) << 16
  }

  /// A lower-case field name: a token (RFC 9110 section 5.6.2) without capitals.
  @inline(__always)
  static func isName(_ bytes: UnsafeRawBufferPointer) -> Bool {
    // Nearly all are of lower-case letters and hyphens.
    let isCommon = allWords(bytes, padding: UInt8(ascii: "a")) { word in
      guard word & highs == 0 else { return false }
      return (within(word, 0x61, 0x7A) | within(word, 0x2D, 0x2D)) & highs == highs
    }
    return isCommon || bytes.allSatisfy { !isUpper($0) && isTokenByte($0) }
  }

  /// The name of a field that says something about an HTTP/1.1 connection, and has no place here (RFC 9113 section 8.2.2).
  @inline(__always)
  static func isOfConnection(_ name: UnsafeRawBufferPointer) -> Bool {
    switch name.count {
    case 7: name == "upgrade"
    case 10: name == "connection" || name == "keep-alive"
    case 16: name == "proxy-connection"
    case 17: name == "transfer-encoding"
    default: false
    }
  }

  /// No control characters but tabs, and no space at either end.
  @inline(__always)
  static func isValue(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let first = bytes.first else { return true }
    let last = bytes[bytes.count &- 1]
    if isSpace(first) || isSpace(last) { return false }
    return hasNoControls(bytes) || bytes.allSatisfy { $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F }
  }

  /// No control characters and no space.
  @inline(__always)
  static func isPath(_ bytes: UnsafeRawBufferPointer) -> Bool {
    allWords(bytes, padding: UInt8(ascii: "a")) { word in
      isAbove(word, 0x21) && isFree(word, of: 0x7F)
    }
  }

  @inline(__always) private static func hasNoControls(_ bytes: UnsafeRawBufferPointer) -> Bool {
    allWords(bytes, padding: UInt8(ascii: "a")) { word in isAbove(word, 0x20) && isFree(word, of: 0x7F) }
  }

  /// No byte of `word` is below `least` (which is below 0x80).
  @inline(__always) private static func isAbove(_ word: UInt64, _ least: UInt64) -> Bool {
    (word &- least &* ones) & ~word & highs == 0
  }

  /// No byte of `word` is `byte`.
  @inline(__always) private static func isFree(_ word: UInt64, of byte: UInt64) -> Bool {
    let difference = word ^ byte &* ones
    return (difference &- ones) & ~difference & highs == 0
  }

  static func isToken(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.allSatisfy(isTokenByte) }

  /// RFC 3986 section 3.1.
  static func isScheme(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let first = bytes.first, isLetter(first) else { return false }
    return bytes.allSatisfy { isLetter($0) || isDigit($0) || $0 == 0x2B || $0 == 0x2D || $0 == 0x2E }
  }

  /// What may stand in a host, a port and what comes before them (RFC 3986 section 3.2).
  static func isAuthority(_ bytes: UnsafeRawBufferPointer) -> Bool {
    // Nearly all are of lower-case letters, digits, and .:-
    let isCommon = allWords(bytes, padding: UInt8(ascii: "a")) { word in
      guard word & highs == 0 else { return false }
      return (within(word, 0x61, 0x7A) | within(word, 0x30, 0x3A) | within(word, 0x2D, 0x2E)) & highs == highs
    }
    return isCommon || bytes.allSatisfy { contains(authorityBytes, $0) }
  }

  /// The high bit of each byte that lies between the two; of bytes below 0x80.
  @inline(__always) private static func within(_ word: UInt64, _ least: UInt64, _ most: UInt64) -> UInt64 {
    (word &+ (0x80 &- least) &* ones) & ~(word &+ (0x7F &- most) &* ones)
  }

  @inline(__always) static func equalsIgnoringCase(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
    bytes == text || isSameInLowerCase(bytes, text)
  }

  private static func isSameInLowerCase(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
    guard bytes.count == text.utf8CodeUnitCount else { return false }
    for index in 0..<bytes.count where lower(bytes[index]) != text.utf8Start[index] { return false }
    return true
  }

  /// Digits only, within Int.
  static func number(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard !bytes.isEmpty else { return nil }
    var number = 0
    for byte in bytes {
      guard isDigit(byte) else { return nil }
      let (scaled, overflow) = number.multipliedReportingOverflow(by: 10)
      let (sum, isTooLarge) = scaled.addingReportingOverflow(Int(byte &- 0x30))
      guard !overflow, !isTooLarge else { return nil }
      number = sum
    }
    return number
  }

  // MARK: Bytes

  /// Bit n of the pair stands for byte n.
  private typealias ByteSet = (low: UInt64, high: UInt64)
  /// Letters, digits and -._~!$&'()*+,;=:@[]%
  private static let authorityBytes: ByteSet = (0x2FFF_7FF2_0000_0000, 0x47FF_FFFE_AFFF_FFFF)
  /// Letters, digits and !#$%&'*+-.^_`|~
  private static let tokenBytes: ByteSet = (0x03FF_6CFA_0000_0000, 0x57FF_FFFF_C7FF_FFFE)

  @inline(__always) private static func contains(_ set: ByteSet, _ byte: UInt8) -> Bool {
    byte < 0x80 && (byte < 0x40 ? set.low : set.high) >> UInt64(byte & 0x3F) & 1 == 1
  }

  @inline(__always) private static func isTokenByte(_ byte: UInt8) -> Bool { contains(tokenBytes, byte) }
  @inline(__always) private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
  @inline(__always) private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
  @inline(__always) private static func isUpper(_ byte: UInt8) -> Bool { byte &- 0x41 < 26 }
  @inline(__always) private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }
  @inline(__always) private static func lower(_ byte: UInt8) -> UInt8 { isUpper(byte) ? byte | 0x20 : byte }
}

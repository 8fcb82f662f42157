/// The name of one file, made by the server when its upload opens: `file_` and 26 lower-case base32 characters.
///
/// The 128 bits are a UUID of version 7 (RFC 9562), so ids sort by the time they were made. The alphabet is
/// Crockford's (digits and letters without i, l, o, u), most significant bits first; the first character is
/// therefore at most `7`. Text and bits correspond one to one: no other spelling is accepted.
public struct FileID: Sendable, Hashable {
  /// The first 64 bits: 48 of Unix milliseconds, 4 of version, 12 random.
  public let high: UInt64
  /// The last 64 bits: 2 of variant, 62 random.
  public let low: UInt64

  public static let prefix = "file_"
  /// Bytes of the text, always.
  public static let textLength = 31

  /// Makes a new id. `random` need not be secret: an id names a file, it does not open it.
  public init(unixMilliseconds: UInt64, using random: inout some RandomNumberGenerator) {
    let first = random.next()
    high = (unixMilliseconds & 0xFFFF_FFFF_FFFF) << 16 | 0x7000 | (first & 0x0FFF)
    low = 0x8000_0000_0000_0000 | (random.next() & 0x3FFF_FFFF_FFFF_FFFF)
  }

  /// Reads the text form; nil for anything but exactly that form of a version 7 UUID.
  public init?(_ text: some StringProtocol) {
    let bytes = text.utf8
    guard bytes.count == Self.textLength, bytes.starts(with: Self.prefix.utf8) else { return nil }
    var high: UInt64 = 0
    var low: UInt64 = 0
    var isFirst = true
    for byte in bytes.dropFirst(Self.prefix.utf8.count) {
      guard let value = Crockford32.value(of: byte) else { return nil }
      if isFirst, value > 7 { return nil }
      isFirst = false
      high = high << 5 | low >> 59
      low = low << 5 | UInt64(value)
    }
    guard high >> 12 & 0xF == 7, low >> 62 == 0b10 else { return nil }
    self.high = high
    self.low = low
  }

  /// When the id was made, in milliseconds since 1970.
  public var unixMilliseconds: UInt64 { high >> 16 }

  /// The id as it is written everywhere.
  public var text: String {
    var high = high
    var low = low
    return String(unsafeUninitializedCapacity: Self.textLength) { buffer in
      _ = buffer.initialize(fromContentsOf: Self.prefix.utf8)
      for position in stride(from: Self.textLength - 1, through: Self.prefix.utf8.count, by: -1) {
        buffer.initializeElement(at: position, to: Crockford32.character(for: UInt8(low & 31)))
        low = low >> 5 | high << 59
        high >>= 5
      }
      return Self.textLength
    }
  }
}

extension FileID: CustomStringConvertible {
  public var description: String { text }
}

extension FileID: Comparable {
  public static func < (left: FileID, right: FileID) -> Bool { (left.high, left.low) < (right.high, right.low) }
}

/// Crockford's base32, lower case only.
enum Crockford32 {
  /// The character for a value below 32.
  static func character(for value: UInt8) -> UInt8 {
    alphabet.utf8Start[Int(value & 31)]
  }

  static func value(of character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "h"): character - UInt8(ascii: "a") + 10
    case UInt8(ascii: "j")...UInt8(ascii: "k"): character - UInt8(ascii: "j") + 18
    case UInt8(ascii: "m")...UInt8(ascii: "n"): character - UInt8(ascii: "m") + 20
    case UInt8(ascii: "p")...UInt8(ascii: "t"): character - UInt8(ascii: "p") + 22
    case UInt8(ascii: "v")...UInt8(ascii: "z"): character - UInt8(ascii: "v") + 27
    default: nil
    }
  }

  private static let alphabet: StaticString = "0123456789abcdefghjkmnpqrstvwxyz"
}

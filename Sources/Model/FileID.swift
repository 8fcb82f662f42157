import Bytes

/// The name of one file, made by the server when its upload opens: `file_` and 26 lower-case base32 characters.
///
/// The 128 bits are a UUID of version 7 (RFC 9562): ids made together lie together in an index, and compare by the
/// time they were made. The text is `Base32` of its 16 bytes; text and bits correspond one to one, no other spelling is accepted.
public struct FileID: Sendable, Hashable {
  /// The first 64 bits: 48 of Unix milliseconds, 4 of version, 12 random.
  public let high: UInt64
  /// The last 64 bits: 2 of variant, 62 random.
  public let low: UInt64

  public static let prefix = "file_"
  /// Bytes of the text, always.
  public static let textLength = 31

  /// Makes a new id. What is random in it need not be secret: an id names a file, it does not open it.
  public init(unixMilliseconds: UInt64) {
    self.init(unixMilliseconds: unixMilliseconds, random: (.random(in: .min ... .max), .random(in: .min ... .max)))
  }

  init(unixMilliseconds: UInt64, random: (UInt64, UInt64)) {
    high = (unixMilliseconds & 0xFFFF_FFFF_FFFF) << 16 | 0x7000 | (random.0 & 0x0FFF)
    low = 0x8000_0000_0000_0000 | (random.1 & 0x3FFF_FFFF_FFFF_FFFF)
  }

  /// Reads the text form; nil for anything but exactly that form of a version 7 UUID.
  public init?(_ text: some StringProtocol) {
    guard text.utf8.count == Self.textLength, text.utf8.starts(with: Self.prefix.utf8),
      let bytes = Base32.decode(String(text.dropFirst(Self.prefix.utf8.count))), bytes.count == 16
    else { return nil }
    let high = bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let low = bytes.dropFirst(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard high >> 12 & 0xF == 7, low >> 62 == 0b10 else { return nil }
    self.high = high
    self.low = low
  }

  /// When the id was made, in milliseconds since 1970.
  public var unixMilliseconds: UInt64 { high >> 16 }

  /// The id as it is written everywhere.
  public var text: String {
    Self.prefix + Base32.encode((0..<16).map { UInt8(truncatingIfNeeded: ($0 < 8 ? high : low) >> UInt64(56 - $0 % 8 * 8)) })
  }
}

extension FileID: CustomStringConvertible {
  public var description: String { text }
}

extension FileID: Comparable {
  public static func < (left: FileID, right: FileID) -> Bool { (left.high, left.low) < (right.high, right.low) }
}

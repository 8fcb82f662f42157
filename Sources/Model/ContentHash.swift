/// The SHA-256 of some bytes. Its text is `sha256:` and 64 hexadecimal digits, written in lower case and read in any.
public struct ContentHash: Sendable, Hashable {
  // Four words rather than an array: a hash is copied and compared often and never worth an allocation.
  private let words: (UInt64, UInt64, UInt64, UInt64)

  public static let prefix = "sha256:"
  public static let byteCount = 32
  /// Bytes of the text, always.
  public static let textLength = 71

  /// nil unless there are exactly 32 bytes.
  public init?(bytes: some Collection<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    var iterator = bytes.makeIterator()
    func word() -> UInt64 {
      var word: UInt64 = 0
      for _ in 0..<8 { word = word << 8 | UInt64(iterator.next() ?? 0) }
      return word
    }
    words = (word(), word(), word(), word())
  }

  /// Reads the text form; nil for anything else.
  public init?(_ text: some StringProtocol) {
    let utf8 = text.utf8
    guard utf8.count == Self.textLength, utf8.starts(with: Self.prefix.utf8) else { return nil }
    var words: [UInt64] = [0, 0, 0, 0]
    for (position, character) in utf8.dropFirst(Self.prefix.utf8.count).enumerated() {
      guard let digit = Self.digit(character) else { return nil }
      words[position / 16] = words[position / 16] << 4 | UInt64(digit)
    }
    self.words = (words[0], words[1], words[2], words[3])
  }

  /// The 32 bytes of the digest.
  public var bytes: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: Self.byteCount) { buffer, count in
      for (wordIndex, word) in [words.0, words.1, words.2, words.3].enumerated() {
        for byteIndex in 0..<8 {
          buffer.initializeElement(at: wordIndex * 8 + byteIndex, to: UInt8(truncatingIfNeeded: word >> UInt64(56 - byteIndex * 8)))
        }
      }
      count = Self.byteCount
    }
  }

  /// `sha256:` and 64 lower-case digits.
  public var text: String {
    let bytes = bytes
    return String(unsafeUninitializedCapacity: Self.textLength) { buffer in
      _ = buffer.initialize(fromContentsOf: Self.prefix.utf8)
      var position = Self.prefix.utf8.count
      for byte in bytes {
        buffer.initializeElement(at: position, to: Self.character(byte >> 4))
        buffer.initializeElement(at: position + 1, to: Self.character(byte & 15))
        position += 2
      }
      return Self.textLength
    }
  }

  public static func == (left: ContentHash, right: ContentHash) -> Bool { left.words == right.words }

  public func hash(into hasher: inout Hasher) {
    // The digest is uniform already; one word of it separates as well as all four.
    hasher.combine(words.0)
  }

  private static func digit(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  private static func character(_ digit: UInt8) -> UInt8 {
    digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
  }
}

extension ContentHash: CustomStringConvertible {
  public var description: String { text }
}

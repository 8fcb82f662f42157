extension Rules.Format {
  /// What the text must be, to be read after the name of the field.
  var problem: String {
    switch self {
    case .userID: "must be 1 to 64 characters of A-Z, a-z, 0-9, \"_\" and \"-\""
    case .fileID: "must be \"file_\" followed by 26 characters of a-z and 2-7"
    case .sha256: "must be \"sha256:\" followed by 64 hexadecimal digits"
    case .edgeID: "must be 1 to 50 characters of a-z, 0-9 and \"-\""
    case .fileName: "must be 1 to 1024 bytes without control characters"
    case .mediaType: "must be a media type such as video/mp4, at most 255 bytes"
    }
  }

  func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    switch self {
    case .userID: text.count <= 64 && text.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
    case .edgeID: text.count <= 50 && text.allSatisfy { $0.isLowerCaseLetter || $0.isDigit || $0 == UInt8(ascii: "-") }
    case .fileID: hasPrefix("file_", text) && text.count == 31 && text.dropFirst(5).allSatisfy { $0.isBase32 }
    case .sha256: hasPrefix("sha256:", text) && text.count == 71 && text.dropFirst(7).allSatisfy { $0.isHex }
    case .fileName: text.count <= 1024 && !hasControlCharacter(text)
    case .mediaType: text.count <= 255 && isMediaType(text)
    }
  }

  private func hasPrefix(_ prefix: StaticString, _ text: UnsafeBufferPointer<UInt8>) -> Bool { prefix.withUTF8Buffer { text.starts(with: $0) } }

  /// C0, DEL and C1, the latter two bytes of UTF-8: C2 80 to C2 9F.
  private func hasControlCharacter(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    var previous: UInt8 = 0
    for byte in text {
      if byte < 0x20 || byte == 0x7F || (previous == 0xC2 && byte < 0xA0) { return true }
      previous = byte
    }
    return false
  }

  /// `type/subtype` and, leniently, parameters after a semicolon (RFC 9110 section 8.3.1).
  private func isMediaType(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    let essence = text.prefix { $0 != UInt8(ascii: ";") }
    let parameters = text.dropFirst(essence.count)
    let parts = essence.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy { $0.isToken } }) else { return false }
    return parameters.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
  }
}

extension UInt8 {
  fileprivate var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
  fileprivate var isLowerCaseLetter: Bool { self >= UInt8(ascii: "a") && self <= UInt8(ascii: "z") }
  fileprivate var isLetter: Bool { isLowerCaseLetter || (self >= UInt8(ascii: "A") && self <= UInt8(ascii: "Z")) }
  fileprivate var isBase32: Bool { isLowerCaseLetter || (self >= UInt8(ascii: "2") && self <= UInt8(ascii: "7")) }
  fileprivate var isHex: Bool {
    isDigit || (self >= UInt8(ascii: "a") && self <= UInt8(ascii: "f")) || (self >= UInt8(ascii: "A") && self <= UInt8(ascii: "F"))
  }
  /// A token character of RFC 9110 section 5.6.2.
  fileprivate var isToken: Bool {
    switch self {
    case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"),
      UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"),
      UInt8(ascii: "~"):
      true
    default: isDigit || isLetter
    }
  }
}

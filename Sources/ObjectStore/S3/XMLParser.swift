import Bytes

/// Reads the XML that S3 answers with: elements, text, CDATA, comments, the five entities and character references.
/// No DTD, no processing instruction but the declaration, so nothing can be defined, fetched or expanded by a document.
struct XMLParser {
  struct Failure: Error, Equatable {
    var message: String
    /// Byte offset.
    var offset: Int
  }

  private let bytes: [UInt8]
  private var position = 0
  private var elements = 0

  /// The root element of a document of at most `ObjectStoreLimits.xmlBytesMax` bytes of UTF-8.
  static func parse(_ bytes: [UInt8]) throws(Failure) -> XMLElement {
    guard bytes.count <= ObjectStoreLimits.xmlBytesMax else { throw Failure(message: "document too long", offset: bytes.count) }
    guard UTF8Validation.isValid(bytes) else { throw Failure(message: "document is not UTF-8", offset: 0) }
    var parser = XMLParser(bytes: bytes)
    return try parser.document()
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func document() throws(Failure) -> XMLElement {
    if take("\u{FEFF}") {}
    if take("<?xml") { try skip(past: "?>") }
    try skipMisc()
    let root = try element(depth: 1)
    try skipMisc()
    guard position == bytes.count else { throw failure("text after the root element") }
    return root
  }

  /// Depth is bounded by `xmlDepthMax`, so the recursion is too.
  private mutating func element(depth: Int) throws(Failure) -> XMLElement {
    guard depth <= ObjectStoreLimits.xmlDepthMax else { throw failure("elements nested too deep") }
    elements += 1
    guard elements <= ObjectStoreLimits.xmlElementsMax else { throw failure("too many elements") }
    guard take("<") else { throw failure("expected an element") }
    let fullName = try name()
    var element = XMLElement(name: localName(fullName))
    try attributes()
    if take("/>") { return element }
    guard take(">") else { throw failure("expected '>'") }
    var text: [UInt8] = []
    while true {
      guard position < bytes.count else { throw failure("element \(element.name) does not end") }
      if take("</") {
        guard try name() == fullName else { throw failure("end tag does not match \(element.name)") }
        skipSpace()
        guard take(">") else { throw failure("expected '>'") }
        element.text = String(decoding: text, as: UTF8.self)
        return element
      } else if take("<!--") {
        try skip(past: "-->")
      } else if take("<![CDATA[") {
        let start = position
        try skip(past: "]]>")
        text += bytes[start..<position - 3]
      } else if bytes[position] == UInt8(ascii: "<") {
        element.children.append(try self.element(depth: depth + 1))
      } else if take("&") {
        text += try reference()
      } else {
        text.append(bytes[position])
        position += 1
      }
    }
  }

  private mutating func attributes() throws(Failure) {
    while true {
      let before = position
      skipSpace()
      guard position < bytes.count, bytes[position] != UInt8(ascii: ">"), bytes[position] != UInt8(ascii: "/") else { return }
      guard position > before else { throw failure("expected white space before an attribute") }
      _ = try name()
      skipSpace()
      guard take("=") else { throw failure("expected '='") }
      skipSpace()
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") || bytes[position] == UInt8(ascii: "'") else {
        throw failure("expected a quoted value")
      }
      let quote = bytes[position]
      position += 1
      while position < bytes.count, bytes[position] != quote {
        guard bytes[position] != UInt8(ascii: "<") else { throw failure("'<' in an attribute") }
        position += 1
      }
      guard position < bytes.count else { throw failure("attribute does not end") }
      position += 1
    }
  }

  /// What stands after an ampersand, decoded.
  private mutating func reference() throws(Failure) -> [UInt8] {
    let start = position
    while position < bytes.count, bytes[position] != UInt8(ascii: ";"), position - start < 12 { position += 1 }
    guard position < bytes.count, bytes[position] == UInt8(ascii: ";") else { throw failure("reference does not end") }
    let word = String(decoding: bytes[start..<position], as: UTF8.self)
    position += 1
    switch word {
    case "amp": return [UInt8(ascii: "&")]
    case "lt": return [UInt8(ascii: "<")]
    case "gt": return [UInt8(ascii: ">")]
    case "quot": return [UInt8(ascii: "\"")]
    case "apos": return [UInt8(ascii: "'")]
    default: break
    }
    let number = word.hasPrefix("#x") ? UInt32(word.dropFirst(2), radix: 16) : word.hasPrefix("#") ? UInt32(word.dropFirst(1)) : nil
    guard let number, number != 0, let scalar = Unicode.Scalar(number) else { throw failure("unknown reference") }
    return Array(String(Character(scalar)).utf8)
  }

  private mutating func name() throws(Failure) -> [UInt8] {
    let start = position
    while position < bytes.count, Self.isNameByte(bytes[position]) { position += 1 }
    guard position > start, position - start <= 128 else { throw failure("expected a name") }
    return Array(bytes[start..<position])
  }

  private func localName(_ name: [UInt8]) -> String {
    String(decoding: name.split(separator: UInt8(ascii: ":")).last ?? [], as: UTF8.self)
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    PercentEncoding.isUnreserved(byte) && byte != UInt8(ascii: "~") || byte == UInt8(ascii: ":") || byte >= 0x80
  }

  private mutating func skipMisc() throws(Failure) {
    while true {
      skipSpace()
      guard take("<!--") else { return }
      try skip(past: "-->")
    }
  }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
  }

  private mutating func take(_ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard position + count <= bytes.count else { return false }
    for index in 0..<count where bytes[position + index] != text.utf8Start[index] { return false }
    position += count
    return true
  }

  private mutating func skip(past text: StaticString) throws(Failure) {
    while position < bytes.count {
      if take(text) { return }
      position += 1
    }
    throw failure("\(text) is missing")
  }

  private func failure(_ message: String) -> Failure { Failure(message: message, offset: position) }
}

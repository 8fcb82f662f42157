/// Reads one JSON text. Strict: no comments, no trailing commas, no lone surrogates, no invalid UTF-8, no repeated names.
struct JSONParser {
  private let bytes: UnsafeRawBufferPointer
  private let limits: JSONLimits
  private var position = 0
  private var values = 0

  init(bytes: UnsafeRawBufferPointer, limits: JSONLimits) {
    self.bytes = bytes
    self.limits = limits
  }

  mutating func parseText() throws(JSONError) -> JSONValue {
    let value = try parseValue(depth: 0)
    skipWhiteSpace()
    guard position == bytes.count else { throw broken("has more text after its JSON value") }
    return value
  }

  private mutating func parseValue(depth: Int) throws(JSONError) -> JSONValue {
    values += 1
    guard values <= limits.valuesMax else { throw broken("has more than \(limits.valuesMax) values") }
    skipWhiteSpace()
    guard position < bytes.count else { throw broken("ends where a value should be") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return .object(try parseObject(depth: depth + 1))
    case UInt8(ascii: "["): return .array(try parseArray(depth: depth + 1))
    case UInt8(ascii: "\""): return .string(try parseString())
    case UInt8(ascii: "t"):
      try expect("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try expect("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try expect("null")
      return .null
    default: return .number(try parseNumber())
    }
  }

  private mutating func parseObject(depth: Int) throws(JSONError) -> JSONObject {
    try enter(depth)
    var object = JSONObject()
    // A set only once a linear search would be slower.
    var names: Set<String> = []
    skipWhiteSpace()
    if take(UInt8(ascii: "}")) { return object }
    while true {
      skipWhiteSpace()
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { throw broken("lacks a member name in quotes") }
      let name = try parseString()
      let isRepeated: Bool
      if object.count < 12 {
        isRepeated = object[name] != nil
      } else {
        if names.isEmpty { names = Set(object.members.map { $0.name }) }
        isRepeated = !names.insert(name).inserted
      }
      if isRepeated { throw broken("has a member twice in one object") }
      skipWhiteSpace()
      guard take(UInt8(ascii: ":")) else { throw broken("lacks a colon after a member name") }
      object.append(name, try parseValue(depth: depth))
      skipWhiteSpace()
      if take(UInt8(ascii: ",")) { continue }
      guard take(UInt8(ascii: "}")) else { throw broken("lacks a comma or a closing brace") }
      return object
    }
  }

  private mutating func parseArray(depth: Int) throws(JSONError) -> [JSONValue] {
    try enter(depth)
    var items: [JSONValue] = []
    skipWhiteSpace()
    if take(UInt8(ascii: "]")) { return items }
    while true {
      items.append(try parseValue(depth: depth))
      skipWhiteSpace()
      if take(UInt8(ascii: ",")) { continue }
      guard take(UInt8(ascii: "]")) else { throw broken("lacks a comma or a closing bracket") }
      return items
    }
  }

  private mutating func enter(_ depth: Int) throws(JSONError) {
    guard depth <= limits.depthMax else { throw broken("is nested deeper than \(limits.depthMax) levels") }
    position += 1
  }

  private mutating func parseNumber() throws(JSONError) -> JSONNumber {
    let rest = bytes[position..<min(bytes.count, position + limits.numberBytesMax + 1)]
    let length = JSONNumber.length(in: rest)
    guard length > 0 else { throw broken("has something that is no JSON value") }
    guard length <= limits.numberBytesMax else { throw broken("has a number of more than \(limits.numberBytesMax) characters") }
    let text = String(decoding: rest.prefix(length), as: UTF8.self)
    position += length
    return JSONNumber(checked: text)
  }

  // MARK: Text

  /// At the opening quote.
  private mutating func parseString() throws(JSONError) -> String {
    position += 1
    let start = position
    let end = try scanPlain()
    // Most strings have no escapes: one copy.
    if bytes[end] == UInt8(ascii: "\"") {
      position = end + 1
      return try text(of: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
    }
    var unescaped = [UInt8](bytes[start..<end])
    position = end
    while true {
      if take(UInt8(ascii: "\"")) { break }
      try parseEscape(into: &unescaped)
      let next = position
      let stop = try scanPlain()
      unescaped.append(contentsOf: bytes[next..<stop])
      position = stop
    }
    guard let text = String(validating: unescaped, as: UTF8.self) else { throw broken("is not valid UTF-8") }
    return text
  }

  /// The index of the next quote or backslash at or after the position.
  private func scanPlain() throws(JSONError) -> Int {
    var index = position
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return index }
      guard byte >= 0x20 else { throw broken("has a control character in a string", at: index) }
      index += 1
    }
    throw broken("ends inside a string", at: index)
  }

  private func text(of slice: UnsafeRawBufferPointer) throws(JSONError) -> String {
    // ASCII needs no second look; anything else is validated, never repaired.
    if slice.allSatisfy({ $0 < 0x80 }) { return String(decoding: slice, as: UTF8.self) }
    guard let text = String(validating: slice, as: UTF8.self) else { throw broken("is not valid UTF-8") }
    return text
  }

  /// At the backslash.
  private mutating func parseEscape(into text: inout [UInt8]) throws(JSONError) {
    guard position + 1 < bytes.count else { throw broken("ends inside a string") }
    let letter = bytes[position + 1]
    position += 2
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var code = UInt32(try parseHex())
      if code >= 0xD800, code <= 0xDBFF {
        guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw broken("has half of a surrogate pair") }
        let low = UInt32(try parseHex())
        guard low >= 0xDC00, low <= 0xDFFF else { throw broken("has half of a surrogate pair") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw broken("has half of a surrogate pair") }
      text.append(contentsOf: Character(scalar).utf8)
    default: throw broken("has an unknown escape in a string")
    }
  }

  private mutating func parseHex() throws(JSONError) -> UInt16 {
    guard position + 4 <= bytes.count else { throw broken("ends inside a string") }
    var value: UInt16 = 0
    for byte in bytes[position..<position + 4] {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt16(byte - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt16(byte - UInt8(ascii: "a") + 10)
      case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt16(byte - UInt8(ascii: "A") + 10)
      default: throw broken("has an escape \\u without four hexadecimal digits")
      }
    }
    position += 4
    return value
  }

  // MARK: Bytes

  private mutating func skipWhiteSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ word: StaticString) throws(JSONError) {
    let matches = word.withUTF8Buffer { bytes[position...].starts(with: $0) }
    guard matches else { throw broken("has something that is no JSON value") }
    position += word.utf8CodeUnitCount
  }

  private func broken(_ problem: String, at offset: Int? = nil) -> JSONError {
    JSONError(path: "", problem: "is not valid JSON: it \(problem) (at byte \(offset ?? position))")
  }
}

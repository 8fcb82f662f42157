import JSON

/// Finds the end of one JSON value byte by byte, collecting its text where it is wanted. Values that are collected are small
/// and flat; values that are skipped may be of any kind, nested to a bound.
struct SmallValueLexer {
  enum Step {
    case more
    /// This byte is the value's last.
    case endsHere
    /// The value ended with the byte before: numbers and words have no end of their own.
    case endedBefore
  }

  private var text: [UInt8]
  private var depth = 0
  private var inString: Bool
  private var afterBackslash = false
  private let isWord: Bool

  init(first: UInt8 = 0) {
    text = [first]
    inString = first == 0x22
    depth = first == 0x7B || first == 0x5B ? 1 : 0
    isWord = first != 0x22 && depth == 0
  }

  mutating func take(_ byte: UInt8, collects: Bool, path: String) throws(JSONError) -> Step {
    if collects && depth > 0 { throw JSONError(path: path, problem: "must be a text or a number") }
    if inString { return try takeInString(byte, collects, path) }
    if isWord { return try takeWord(byte, collects, path) }
    switch byte {
    case 0x22: inString = true
    case 0x7B, 0x5B:
      depth += 1
      guard depth <= DoorLimits.depthMax else { throw JSONError(path: path, problem: "is nested more than \(DoorLimits.depthMax) deep") }
    case 0x7D, 0x5D:
      depth -= 1
      if depth == 0 { return .endsHere }
    default: break
    }
    return .more
  }

  private mutating func takeInString(_ byte: UInt8, _ collects: Bool, _ path: String) throws(JSONError) -> Step {
    guard byte >= 0x20 else { throw JSONError(path: path, problem: "holds a control character") }
    try collect(byte, collects, path)
    if afterBackslash {
      afterBackslash = false
    } else if byte == 0x5C {
      afterBackslash = true
    } else if byte == 0x22 {
      inString = false
      return depth == 0 ? .endsHere : .more
    }
    return .more
  }

  private mutating func takeWord(_ byte: UInt8, _ collects: Bool, _ path: String) throws(JSONError) -> Step {
    switch byte {
    case 0x2C, 0x7D, 0x5D, 0x20, 0x09, 0x0A, 0x0D: return .endedBefore
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2D, 0x2E:
      try collect(byte, true, path)
      return .more
    default: throw JSONError(path: path, problem: "is not valid JSON")
    }
  }

  private mutating func collect(_ byte: UInt8, _ collects: Bool, _ path: String) throws(JSONError) {
    guard collects else { return }
    guard text.count < DoorLimits.memberBytesMax else { throw JSONError(path: path, problem: "is longer than \(DoorLimits.memberBytesMax) bytes") }
    text.append(byte)
  }

  /// What was collected.
  func value(path: String) throws(JSONError) -> JSONValue {
    do throws(JSONError) {
      return try JSONValue(parsing: text)
    } catch {
      throw JSONError(path: path, problem: path.isEmpty ? "is not valid JSON" : "is not a valid JSON value")
    }
  }
}

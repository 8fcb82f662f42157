import Bytes
import Glibc
import JSON

/// Reads the documented chunk body `{"fileId", "chunkIndex", "data", "hash"}` piece by piece and in any order, without I/O.
///
/// `data`, a base64 string of any length, is decoded as it comes; everything else is small and collected. Unknown
/// members are skipped. Memory is constant.
struct ChunkJSONParser: ~Copyable {
  enum Event: Equatable {
    /// Nothing more in this buffer.
    case needMore
    /// A member other than `data`.
    case member(String, JSONValue)
    case dataBegan
    /// So many decoded bytes were written to the target.
    case data(Int)
    case dataEnded
    /// The object is complete; only white space may follow.
    case end
  }

  private enum State {
    case start, firstName, name, nextName, colon, value, smallValue, skipping, dataString, dataEscape, afterValue, end
  }

  private var state = State.start
  private var lexer = SmallValueLexer()
  private var decoder = Base64Decoder()
  private var memberName = ""
  private var seen: Set<String> = []
  private var overheadBytes = 0
  private var escape: [UInt8] = []

  private static let wanted: Set<String> = ["fileId", "chunkIndex", "hash"]

  /// `target` has room for at least 64 bytes.
  mutating func next(_ input: inout ByteBuffer, into target: UnsafeMutableRawBufferPointer) throws(JSONError) -> Event {
    while !input.isEmpty {
      switch state {
      case .dataString:
        if let event = try dataRun(&input, target) { return event }
      case .dataEscape:
        if let event = try dataEscape(take(&input), target) { return event }
      case .smallValue, .skipping, .name:
        if let event = try small(&input) { return event }
      default:
        if let event = try structure(take(&input), &input) { return event }
      }
    }
    return .needMore
  }

  /// Call when the body has ended.
  mutating func finish() throws(JSONError) {
    guard case .end = state else { throw JSONError(path: "", problem: "ends before its JSON object does") }
  }

  var isComplete: Bool { if case .end = state { true } else { false } }

  private mutating func take(_ input: inout ByteBuffer) throws(JSONError) -> UInt8 {
    let byte = input[0]
    input.discardFirst(1)
    try countOverhead()
    return byte
  }

  private mutating func countOverhead() throws(JSONError) {
    overheadBytes += 1
    guard overheadBytes <= DoorLimits.overheadBytesMax else {
      throw JSONError(path: "", problem: "has more than \(DoorLimits.overheadBytesMax) bytes besides data")
    }
  }

  // MARK: Structure

  private mutating func structure(_ byte: UInt8, _ input: inout ByteBuffer) throws(JSONError) -> Event? {
    if byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { return nil }
    switch (state, byte) {
    case (.start, 0x7B): state = .firstName
    case (.firstName, 0x22), (.nextName, 0x22):
      lexer = SmallValueLexer(first: byte)
      state = .name
    case (.firstName, 0x7D), (.afterValue, 0x7D):
      state = .end
      return .end
    case (.colon, 0x3A): state = .value
    case (.afterValue, 0x2C): state = .nextName
    case (.value, _): return try beginValue(byte)
    case (.start, _): throw JSONError(path: "", problem: "must be a JSON object")
    default: throw JSONError(path: "", problem: "is not valid JSON")
    }
    return nil
  }

  private mutating func beginValue(_ byte: UInt8) throws(JSONError) -> Event? {
    if memberName == "data" {
      guard byte == 0x22 else { throw JSONError(path: "data", problem: "must be a string of base64") }
      state = .dataString
      return .dataBegan
    }
    lexer = SmallValueLexer(first: byte)
    state = Self.wanted.contains(memberName) ? .smallValue : .skipping
    return nil
  }

  /// A name, a small value, or one to be skipped, byte by byte.
  private mutating func small(_ input: inout ByteBuffer) throws(JSONError) -> Event? {
    let isName = if case .name = state { true } else { false }
    let collects = if case .skipping = state { false } else { true }
    let path = isName ? "" : memberName
    // A number ends with the byte after it, which belongs to the structure.
    switch try lexer.take(input[0], collects: collects, path: path) {
    case .more: _ = try take(&input)
    case .endsHere: _ = try take(&input); return try smallEnded(isName, collects)
    case .endedBefore: return try smallEnded(isName, collects)
    }
    return nil
  }

  private mutating func smallEnded(_ isName: Bool, _ collects: Bool) throws(JSONError) -> Event? {
    guard isName else {
      state = .afterValue
      return collects ? .member(memberName, try lexer.value(path: memberName)) : nil
    }
    guard case .string(let name) = try lexer.value(path: "") else { throw JSONError(path: "", problem: "is not valid JSON") }
    guard seen.count < DoorLimits.membersMax else { throw JSONError(path: "", problem: "has more than \(DoorLimits.membersMax) members") }
    guard seen.insert(name).inserted else { throw JSONError(path: name, problem: "is given twice") }
    memberName = name
    state = .colon
    return nil
  }

  // MARK: data

  /// The run up to the next quote or escape.
  private mutating func dataRun(_ input: inout ByteBuffer, _ target: UnsafeMutableRawBufferPointer) throws(JSONError) -> Event? {
    let room = (target.count - 8) / 3 * 4
    let (run, stop) = input.withUnsafeBytes { bytes -> (Int, UInt8?) in
      let count = min(bytes.count, room)
      guard let base = bytes.baseAddress else { return (0, nil) }
      var run = count
      if let quote = memchr(base, 0x22, count) { run = UnsafeRawPointer(quote) - base }
      if let slash = memchr(base, 0x5C, run) { run = UnsafeRawPointer(slash) - base }
      return (run, run < count ? bytes[run] : nil)
    }
    if run > 0 {
      let written = try decode(input.withUnsafeBytes { Decoded($0, run, &decoder, target) })
      input.discardFirst(run)
      if written > 0 { return .data(written) }
      return nil
    }
    guard let stop else { return nil }
    _ = try take(&input)
    if stop == 0x5C {
      escape = []
      state = .dataEscape
      return nil
    }
    _ = try decode(Decoded.finish(&decoder, target))
    decoder = Base64Decoder()
    state = .afterValue
    return .dataEnded
  }

  /// Some encoders escape "/" or "+" in strings; what the escape stands for is decoded like any character.
  private mutating func dataEscape(_ byte: UInt8, _ target: UnsafeMutableRawBufferPointer) throws(JSONError) -> Event? {
    escape.append(byte)
    var character = escape[0]
    if character == 0x75 {
      guard escape.count == 5 else { return nil }
      guard let code = Hex.decode(String(decoding: escape[1...], as: UTF8.self)), code[0] == 0 else { throw Self.notBase64 }
      character = code[1]
    } else if character != 0x2F {
      throw Self.notBase64
    }
    state = .dataString
    let written = try decode(withUnsafeBytes(of: character) { Decoded($0, 1, &decoder, target) })
    return written > 0 ? .data(written) : nil
  }

  private static let notBase64 = JSONError(path: "data", problem: "must be base64 (RFC 4648 section 4, with padding)")

  private func decode(_ outcome: Decoded) throws(JSONError) -> Int {
    if let offset = outcome.failureOffset { throw JSONError(path: "data", problem: "is not base64 at character \(offset)") }
    return outcome.count
  }

  /// A result that can leave a closure which may not throw.
  private struct Decoded {
    var count = 0
    var failureOffset: UInt64?

    init(_ bytes: UnsafeRawBufferPointer, _ run: Int, _ decoder: inout Base64Decoder, _ target: UnsafeMutableRawBufferPointer) {
      do throws(Base64Decoder.Failure) {
        count = try decoder.decode(UnsafeRawBufferPointer(rebasing: bytes[..<run]), into: target)
      } catch {
        failureOffset = error.offset
      }
    }

    private init() {}

    static func finish(_ decoder: inout Base64Decoder, _ target: UnsafeMutableRawBufferPointer) -> Decoded {
      var outcome = Decoded()
      do throws(Base64Decoder.Failure) {
        outcome.count = try decoder.finish(into: target)
      } catch {
        outcome.failureOffset = error.offset
      }
      return outcome
    }
  }
}

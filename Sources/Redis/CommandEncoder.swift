import Bytes

/// Writes commands in Redis' own form: an array of length-prefixed strings. hiredis' formatter is variadic, which Swift cannot call, and slower.
enum CommandEncoder {
  static func encode(_ command: [RedisArgument], into buffer: inout ByteBuffer) {
    begin(words: command.count, into: &buffer)
    for argument in command { append(argument, into: &buffer) }
  }

  /// The head of a command, to be followed by as many words.
  static func begin(words: Int, into buffer: inout ByteBuffer) { header(UInt8(ascii: "*"), words, room: 0, into: &buffer) }

  /// One word.
  static func append(_ argument: borrowing RedisArgument, into buffer: inout ByteBuffer) {
    switch argument {
    case .string(let text): append(text, into: &buffer)
    case .bytes(let bytes): bytes.withUnsafeBytes { append($0, into: &buffer) }
    case .int(let number):
      let count = decimalDigitCount(number)
      header(UInt8(ascii: "$"), count, room: count + 2, into: &buffer)
      decimal(number, digits: count, into: &buffer)
      lineEnd(into: &buffer)
    }
  }

  static func append(_ word: StaticString, into buffer: inout ByteBuffer) {
    word.withUTF8Buffer { append(UnsafeRawBufferPointer($0), into: &buffer) }
  }

  static func append(_ text: borrowing String, into buffer: inout ByteBuffer) {
    var text = copy text
    text.withUTF8 { append(UnsafeRawBufferPointer($0), into: &buffer) }
  }

  private static func append(_ word: UnsafeRawBufferPointer, into buffer: inout ByteBuffer) {
    header(UInt8(ascii: "$"), word.count, room: word.count + 2, into: &buffer)
    let place = buffer.reserve(word.count + 2)
    if let bytes = word.baseAddress { place.copyMemory(from: bytes, byteCount: word.count) }
    place.storeBytes(of: lineEndBytes, toByteOffset: word.count, as: UInt16.self)
    buffer.commit(word.count + 2)
  }

  /// - Parameter room: Bytes that follow at once, to be made room for in one go.
  @inline(__always)
  private static func header(_ kind: UInt8, _ count: Int, room: Int, into buffer: inout ByteBuffer) {
    // A kind, up to 19 digits, a line end.
    let place = buffer.reserve(22 + room)
    place.storeBytes(of: kind, as: UInt8.self)
    if count < 10 {
      place.storeBytes(of: UInt8(ascii: "0") + UInt8(count), toByteOffset: 1, as: UInt8.self)
      place.storeBytes(of: lineEndBytes, toByteOffset: 2, as: UInt16.self)
      buffer.commit(4)
    } else {
      buffer.commit(1)
      decimal(Int64(count), digits: decimalDigitCount(Int64(count)), into: &buffer)
      lineEnd(into: &buffer)
    }
  }

  /// CR LF as they lie in memory.
  private static var lineEndBytes: UInt16 { UInt16(littleEndian: 0x0A0D) }

  @inline(__always)
  private static func lineEnd(into buffer: inout ByteBuffer) {
    buffer.reserve(2).storeBytes(of: lineEndBytes, as: UInt16.self)
    buffer.commit(2)
  }

  private static func decimal(_ number: Int64, digits count: Int, into buffer: inout ByteBuffer) {
    let end = buffer.reserve(count).assumingMemoryBound(to: UInt8.self) + count
    var rest = number.magnitude
    var place = end
    repeat {
      place -= 1
      place.pointee = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
    } while rest > 0
    if number < 0 { (end - count).pointee = UInt8(ascii: "-") }
    buffer.commit(count)
  }

  /// Why `command` may not share a connection with others; nil if it may.
  ///
  /// These change what the replies of the whole connection mean, so that later replies would go to the wrong callers.
  static func objection(to command: [RedisArgument]) -> String? {
    guard let first = command.first else { return "it has no words" }
    guard case .string(let name) = first else { return "its name must be a string" }
    // None of them begins with another letter or has another length; making capitals of every name would cost as much as sending it.
    guard let letter = name.utf8.first, Self.suspects.contains(letter | 0x20), (4...12).contains(name.utf8.count) else { return nil }
    switch name.uppercased() {
    case "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE":
      return "\(name) belongs to RedisSubscriber"
    case "MONITOR", "HELLO", "QUIT", "RESET", "SYNC", "PSYNC", "AUTH", "SELECT":
      return "\(name) changes the connection for everybody on it"
    case "CLIENT":
      if command.count > 1, case .string(let verb) = command[1], verb.uppercased() == "REPLY" {
        return "CLIENT REPLY changes the connection for everybody on it"
      }
      return nil
    default:
      return nil
    }
  }

  private static let suspects = "acmhpqrsu".utf8
}

import Bytes

/// Writes commands in Redis' own form: an array of length-prefixed strings. hiredis' formatter is variadic, which Swift cannot call, and slower.
enum CommandEncoder {
  static func encode(_ command: [RedisArgument], into buffer: inout ByteBuffer) {
    header(UInt8(ascii: "*"), command.count, into: &buffer)
    for argument in command {
      header(UInt8(ascii: "$"), argument.byteCount, into: &buffer)
      switch argument {
      case .string(let text): buffer.append(utf8: text)
      case .bytes(let bytes): bytes.withUnsafeBytes { buffer.append($0) }
      case .int(let number): decimal(number, into: &buffer)
      }
      buffer.append("\r\n")
    }
  }

  private static func header(_ kind: UInt8, _ count: Int, into buffer: inout ByteBuffer) {
    buffer.append(kind)
    decimal(Int64(count), into: &buffer)
    buffer.append("\r\n")
  }

  private static func decimal(_ number: Int64, into buffer: inout ByteBuffer) {
    let count = decimalDigitCount(number)
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
    switch name.utf8.count {
    case 4, 5, 6, 7, 9, 10, 11, 12: break
    default: return nil
    }
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
}

import Bytes

/// Writes HTTP/1.1 responses into a buffer. Values are made safe: a control character in one becomes a space, so that no text
/// from a client can start a line of its own.
public enum HTTP1ResponseWriter {
  /// How the end of the body is marked.
  public enum Framing: Sendable, Equatable {
    /// No body and no length: 1xx, 204, 304.
    case none
    case length(UInt64)
    /// Only towards HTTP/1.1 clients.
    case chunked
    /// By closing the connection: for HTTP/1.0 clients, where the length is not known.
    case untilClose
  }

  /// Status line and fields. Adds Content-Length or Transfer-Encoding by `framing`, and Connection where it differs from the
  /// version's default; fields of these names in `fields` are left out.
  public static func writeHead(
    status: Int, fields: HTTPFields, framing: Framing, keepAlive: Bool, version: HTTP1RequestHead.Version = .http11, into output: inout ByteBuffer
  ) {
    output.append("HTTP/1.1 ")
    appendDecimal(UInt64(status), to: &output)
    output.append(0x20)
    output.append(utf8: HTTPStatus.reasonPhrase(status))
    output.append("\r\n")
    for field in fields.all where !isFraming(field.name) {
      appendName(field.name, to: &output)
      output.append(": ")
      appendValue(field.value, to: &output)
      output.append("\r\n")
    }
    switch framing {
    case .none, .untilClose: break
    case .length(let count):
      output.append("content-length: ")
      appendDecimal(count, to: &output)
      output.append("\r\n")
    case .chunked: output.append("transfer-encoding: chunked\r\n")
    }
    if !keepAlive || framing == .untilClose {
      output.append("connection: close\r\n")
    } else if version == .http10 {
      output.append("connection: keep-alive\r\n")
    }
    output.append("\r\n")
  }

  public static func writeContinue(into output: inout ByteBuffer) {
    output.append("HTTP/1.1 100 Continue\r\n\r\n")
  }

  /// One chunk of a chunked body. Empty `bytes` write nothing, because an empty chunk would end the body.
  public static func writeChunk(_ bytes: UnsafeRawBufferPointer, into output: inout ByteBuffer) {
    guard bytes.count > 0 else { return }
    appendHexadecimal(UInt64(bytes.count), to: &output)
    output.append("\r\n")
    output.append(bytes)
    output.append("\r\n")
  }

  /// The end of a chunked body.
  public static func writeChunkedEnd(trailers: HTTPFields = HTTPFields(), into output: inout ByteBuffer) {
    output.append("0\r\n")
    for field in trailers.all {
      appendName(field.name, to: &output)
      output.append(": ")
      appendValue(field.value, to: &output)
      output.append("\r\n")
    }
    output.append("\r\n")
  }

  private static func isFraming(_ name: String) -> Bool {
    name == "content-length" || name == "transfer-encoding" || name == "connection"
  }

  private static func appendName(_ name: String, to output: inout ByteBuffer) {
    for byte in name.utf8 { output.append(HTTP1Characters.isToken(byte) ? byte : 0x2D) }
  }

  private static func appendValue(_ value: String, to output: inout ByteBuffer) {
    for byte in value.utf8 { output.append(HTTP1Characters.isFieldValue(byte) ? byte : 0x20) }
  }

  private static func appendDecimal(_ number: UInt64, to output: inout ByteBuffer) {
    var digits: (UInt64, Int) = (1, 1)
    while number / digits.0 >= 10 { digits = (digits.0 * 10, digits.1 + 1) }
    while digits.0 > 0 {
      output.append(UInt8(number / digits.0 % 10) + 0x30)
      digits.0 /= 10
    }
  }

  private static func appendHexadecimal(_ number: UInt64, to output: inout ByteBuffer) {
    var shift = max(0, (63 - number.leadingZeroBitCount) / 4 * 4)
    while shift >= 0 {
      output.append(Hex.digit(UInt8(truncatingIfNeeded: number >> UInt64(shift))))
      shift -= 4
    }
  }
}

/// Frames of HTTP/2, right and wrong ones.
public enum Frames {
  public static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
  /// Preface and empty SETTINGS.
  public static let opening = preface + frame(4, 0, 0)
  public static let largestWindow: [UInt8] = [0x7F, 0xFF, 0xFF, 0xFF]

  public static func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8] = []) -> [UInt8] {
    var bytes: [UInt8] = []
    append(type, flags, stream, payload, to: &bytes)
    return bytes
  }

  public static func append(_ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8] = [], to bytes: inout [UInt8]) {
    for shift in [16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: payload.count >> shift)) }
    bytes.append(type)
    bytes.append(flags)
    for shift in [24, 16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: stream >> shift)) }
    bytes += payload
  }

  /// HPACK without compression; names below 127 bytes.
  public static func fields(_ fields: [(String, String)]) -> [UInt8] {
    var bytes: [UInt8] = []
    for (name, value) in fields {
      bytes += [0, UInt8(name.utf8.count)] + Array(name.utf8)
      bytes += length(value.utf8.count) + Array(value.utf8)
    }
    return bytes
  }

  /// A string's length as HPACK writes it, not Huffman-coded (RFC 7541 section 5.1, 7-bit prefix).
  public static func length(_ count: Int) -> [UInt8] {
    guard count >= 127 else { return [UInt8(count)] }
    var bytes: [UInt8] = [127]
    var rest = count - 127
    while rest >= 128 {
      bytes.append(UInt8(rest & 127) | 128)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  /// A request's header block: a gRPC call of `path`, or a POST of it.
  public static func request(_ door: Attack.Door, _ path: String) -> [UInt8] {
    let head = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "target")]
    return fields(door == .rpc ? head + [("te", "trailers"), ("content-type", "application/grpc")] : head)
  }

  public static func repeated(_ bytes: [UInt8], upTo byteCount: Int = 64 << 10) -> [UInt8] {
    var all: [UInt8] = []
    all.reserveCapacity(byteCount + bytes.count)
    while all.count < byteCount { all += bytes }
    return all
  }

  /// One gRPC message.
  public static func message(_ payload: [UInt8], compressed: Bool = false) -> [UInt8] {
    [compressed ? 1 : 0] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: payload.count >> $0) } + payload
  }

  /// `payload` in DATA frames of at most 16 KiB.
  public static func data(_ stream: UInt32, _ payload: [UInt8], ends: Bool) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = payload[...]
    repeat {
      let part = rest.prefix(16_384)
      rest = rest.dropFirst(16_384)
      append(0, ends && rest.isEmpty ? 1 : 0, stream, Array(part), to: &bytes)
    } while !rest.isEmpty
    return bytes
  }
}

import Bytes
import EventLoops

@testable import HTTP2
@testable import RPC

/// What a gRPC peer may put into DATA and HEADERS that are good HTTP/2.
enum GRPCFuzz {
  private static let loop = try? EventLoop(name: "fuzz")

  private struct Message: RPCMessage {
    var count = 0
    init() {}
    init(wire: UnsafeRawBufferPointer) throws(RPCError) { count = wire.count }
    func encode(into buffer: inout ByteBuffer) throws(RPCError) {}
  }

  private final class Session: HTTP2Session {
    var made: RPCStream?

    override func makeStream() -> HTTP2Stream {
      guard let loop = GRPCFuzz.loop else { return HTTP2Stream() }
      var limits = RPCLimits()
      limits.receivedMessageBytesMax = 1 << 16
      let stream = Reader(loop: loop, limits: limits)
      stream.inputIsGzip = true
      made = stream
      return stream
    }
  }

  private final class Reader: RPCStream, @unchecked Sendable {
    override func handle(_ events: HTTP2StreamEvents) {
      guard events.contains(.data) else { return }
      do throws(RPCError) {
        try inputArrived()
        while let message = try takeMessage(Message.self) {
          Fuzz.require(message.count <= limits.receivedMessageBytesMax, "no message is larger than the limit")
        }
      } catch {
        reset(.cancel)
      }
    }
  }

  /// The input is what the client's DATA frames hold.
  static func framing(_ input: UnsafeRawBufferPointer) {
    guard input.count > 1, let session = try? Session(role: .server) else { return }
    defer { session.close() }
    var bytes = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]
    bytes += [0, 0, 6, 1, 4, 0, 0, 0, 1, 0x83, 0x86, 0x84, 0x41, 1, 0x61]
    let size = Int(input[0]) * 4 + 1
    var rest = UnsafeRawBufferPointer(rebasing: input[1...])
    while !rest.isEmpty {
      let part = rest.prefix(size)
      bytes += [UInt8(part.count >> 16), UInt8(part.count >> 8 & 255), UInt8(part.count & 255), 0, part.count == rest.count ? 1 : 0, 0, 0, 0, 1]
      bytes += part
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(size))
    }
    for start in stride(from: 0, to: bytes.count, by: 4096) {
      do {
        try bytes[start..<min(start + 4096, bytes.count)].withUnsafeBytes { try session.receive($0) }
        try session.produce(upTo: 1 << 16)
        session.outbound.clear()
      } catch { return }
    }
  }

  /// Lines of `name: value` as a request's or response's header block.
  static func head(_ input: UnsafeRawBufferPointer) {
    var headers = HTTP2Headers()
    for line in input.split(separator: UInt8(ascii: "\n")) {
      guard let colon = line.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let (name, value) = (line[..<colon], line[line.index(after: colon)...])
      headers.ownedBlock().takeUnretainedValue()
        .add(UnsafeRawBufferPointer(rebasing: name), UnsafeRawBufferPointer(rebasing: value), limit: 64 << 10)
    }
    let router = RPCRouter()
    router.unary(MethodDescriptor(service: "a", method: "b")) { (message: Message, _) in message }
    let found = RequestHead.find(headers, from: 0, to: headers.count, after: RequestHead.Found(), router: router)
    if case .refused(let error) = RequestHead.judge(found, headers, router: router) { Fuzz.require(error.code != .ok, "a refusal is an error") }
    let metadata = Metadata(headers)
    let fields = HTTP2Fields()
    metadata.append(to: fields)
    _ = headers.status
  }
}

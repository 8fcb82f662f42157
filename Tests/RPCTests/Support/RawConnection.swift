import EventLoops
import Glibc
import HTTP2
import TLS

/// A client that sends whatever bytes a test wants. Use it on the loop.
final class RawConnection: @unchecked Sendable {
  private let loop: EventLoop
  private var transport: Transport
  private(set) var received: [UInt8] = []
  private(set) var isClosed = false
  /// False: what the server sends stays in the socket.
  var takesAnswers = true

  static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(type: 4, flags: 0, stream: 0, [])

  init(to address: SocketAddress, loop: EventLoop) async throws {
    self.loop = loop
    transport = Transport(plain: try await loop.connect(to: address, timeoutMilliseconds: 2_000))
  }

  /// The kernel takes little of what the application does not.
  func shrinkReceiveBuffer() {
    var bytes: Int32 = 65_536
    setsockopt(transport.descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
  }

  static func frame(type: UInt8, flags: UInt8, stream: UInt32, _ payload: [UInt8]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 9)
    for (index, shift) in [16, 8, 0].enumerated() { bytes[index] = UInt8(truncatingIfNeeded: payload.count >> shift) }
    bytes[3] = type
    bytes[4] = flags
    for (index, shift) in [24, 16, 8, 0].enumerated() { bytes[5 + index] = UInt8(truncatingIfNeeded: stream >> UInt32(shift)) }
    return bytes + payload
  }

  /// HPACK without compression or indexing; names and values below 127 bytes.
  static func headers(_ fields: [(String, String)]) -> [UInt8] {
    var bytes: [UInt8] = []
    for (name, value) in fields {
      bytes += [0, UInt8(name.utf8.count)]
      bytes += Array(name.utf8)
      bytes.append(UInt8(value.utf8.count))
      bytes += Array(value.utf8)
    }
    return bytes
  }

  static let request: [(String, String)] = [
    (":method", "POST"), (":scheme", "http"), (":path", "/test.Echo/Unary"), (":authority", "test"), ("te", "trailers"),
    ("content-type", "application/grpc"),
  ]

  /// Sends everything, or stops when the server has hung up.
  func send(_ bytes: [UInt8]) async throws {
    var offset = 0
    var patience = 2_000
    while offset < bytes.count, !isClosed, patience > 0 {
      let result = bytes.withUnsafeBytes { raw -> IOResult in
        guard let base = raw.baseAddress else { return .closed }
        return transport.write(from: base + offset, count: raw.count - offset)
      }
      switch result {
      case .bytes(let count): offset += count
      case .wouldBlock:
        patience -= 1
        try await loop.sleep(milliseconds: 1)
        if takesAnswers { read() }
      case .closed, .failed: isClosed = true
      }
    }
    try await loop.sleep(milliseconds: 1)
    if takesAnswers { read() }
  }

  func read() {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while !isClosed {
      let result = buffer.withUnsafeMutableBytes { raw -> IOResult in
        guard let base = raw.baseAddress else { return .closed }
        return transport.read(into: base, count: raw.count)
      }
      switch result {
      case .bytes(let count): received += buffer[..<count]
      case .wouldBlock: return
      case .closed, .failed: isClosed = true
      }
    }
  }

  /// Waits until the server has hung up, for two seconds at most.
  func waitForClose() async throws -> Bool {
    for _ in 0..<400 where !isClosed {
      try await loop.sleep(milliseconds: 5)
      read()
    }
    return isClosed
  }
}

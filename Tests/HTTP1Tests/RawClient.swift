import Glibc

/// A blocking socket that sends exactly what it is told and gives up after 10 s: for input that no HTTP library would send.
final class RawClient: Sendable {
  private let descriptor: Int32

  struct Failure: Error {
    let action: String
    let code: Int32
  }

  /// - Parameter receiveBufferBytes: what the kernel may hold for it, about.
  init(port: UInt16, receiveBufferBytes: Int32? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    if var size = receiveBufferBytes { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size)) }
    var timeout = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    guard status == 0 else { throw Failure(action: "connect", code: errno) }
  }

  deinit { close(descriptor) }

  func send(_ text: String) throws { try send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { throw Failure(action: "send", code: errno) }
      sent += count
    }
  }

  /// As much as the kernel takes at once without waiting; 0 when it takes nothing.
  func sendWithoutWaiting(_ bytes: [UInt8]) -> Int {
    let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
    return max(0, bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, bytes.count, flags) })
  }

  /// Up to 64 KiB of what came; "" at the end of the stream.
  func receive() throws -> String {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count >= 0 else { throw Failure(action: "receive", code: errno) }
    return String(decoding: buffer[..<count], as: UTF8.self)
  }

  /// Everything until the server closes.
  func receiveAll() throws -> String {
    var all = ""
    while true {
      let piece = try receive()
      if piece.isEmpty { return all }
      all += piece
    }
  }

  /// Until `text` has come.
  func receive(until text: String) throws -> String {
    var all = ""
    while !all.contains(text) {
      let piece = try receive()
      if piece.isEmpty { throw Failure(action: "wait for \(text), got \(all)", code: 0) }
      all += piece
    }
    return all
  }

  func shutdownWriting() { shutdown(descriptor, Int32(SHUT_WR)) }
}

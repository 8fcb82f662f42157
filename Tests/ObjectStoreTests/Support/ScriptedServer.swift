import Foundation
import Synchronization

/// A server that says exactly what a test scripts, on raw sockets: one thread per connection.
final class ScriptedServer: Sendable {
  let port: Int
  private let listener: Int32
  private let state = Mutex((connections: 0, stopped: false, open: Set<Int32>()))

  /// `script` gets each connection in turn, with its number from 0; the connection is closed when it returns.
  init(_ script: @escaping @Sendable (ScriptedConnection, Int) -> Void) throws {
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = listener
    let ready = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && listen(descriptor, 16) == 0 && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard ready else { throw CocoaError(.featureUnsupported) }
    port = Int(UInt16(bigEndian: address.sin_port))
    Thread.detachNewThread { [self] in
      while true {
        let accepted = accept(listener, nil, nil)
        guard accepted >= 0 else { return }
        let number = state.withLock { state -> Int? in
          guard !state.stopped else { return nil }
          state.connections += 1
          state.open.insert(accepted)
          return state.connections - 1
        }
        guard let number else {
          close(accepted)
          return
        }
        Thread.detachNewThread { [self] in
          script(ScriptedConnection(descriptor: accepted), number)
          state.withLock { _ = $0.open.remove(accepted) }
          close(accepted)
        }
      }
    }
  }

  var connections: Int { state.withLock { $0.connections } }
  var url: String { "http://127.0.0.1:\(port)/" }

  func stop() {
    state.withLock { state in
      state.stopped = true
      for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }
}

struct ScriptedConnection: Sendable {
  let descriptor: Int32

  /// The bytes of a request's head; nil where the peer closed.
  func readHead() -> String? {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while !bytes.suffix(4).elementsEqual([13, 10, 13, 10]) {
      guard recv(descriptor, &byte, 1, 0) == 1 else { return nil }
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Up to `count` bytes; fewer where the peer closed.
  func read(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let got = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress! + done, count - done, 0) }
      guard got > 0 else { break }
      done += got
    }
    return Array(bytes.prefix(done))
  }

  /// False where the peer is gone.
  @discardableResult
  func write(_ text: String) -> Bool { write(Array(text.utf8)) }

  @discardableResult
  func write(_ bytes: [UInt8]) -> Bool {
    var done = 0
    while done < bytes.count {
      let sent = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress! + done, bytes.count - done, Int32(MSG_NOSIGNAL)) }
      guard sent > 0 else { return false }
      done += sent
    }
    return true
  }
}

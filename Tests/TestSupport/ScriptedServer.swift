import Foundation
import Synchronization

/// A server that says what a test wants, on a Unix socket: for replies that no real server would send.
public final class ScriptedServer: Sendable {
  public let path: String
  private let listener: Int32
  private let counter = ConnectionCounter()

  /// - Parameter answer: Called on a thread of its own with what one `read` gave and which connection (from 1) it came on.
  ///   The bytes to send back; nil closes the connection.
  public init(_ answer: @escaping @Sendable (_ request: [UInt8], _ connection: Int) -> [UInt8]?) throws {
    path = try PrivateServer.makeDirectory(prefix: "jetty-scripted") + "/socket"
    listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = path
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let listener = listener
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    guard bound == 0, listen(listener, 16) == 0 else { throw ChildProcess.StartError(description: "cannot listen at \(path)") }
    Thread.detachNewThread { [counter] in
      while true {
        let descriptor = accept(listener, nil, nil)
        guard descriptor >= 0 else { return }
        let number = counter.next()
        Thread.detachNewThread { Self.serve(descriptor, number, answer) }
      }
    }
  }

  /// How many connections came so far.
  public var connectionCount: Int { counter.count }

  private static func serve(_ descriptor: Int32, _ number: Int, _ answer: (_ request: [UInt8], _ connection: Int) -> [UInt8]?) {
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0, let reply = answer(Array(buffer[..<count]), number) else { return }
      var sent = 0
      while sent < reply.count {
        let step = reply.withUnsafeBytes { send(descriptor, $0.baseAddress.map { $0 + sent }, reply.count - sent, Int32(MSG_NOSIGNAL)) }
        guard step > 0 else { return }
        sent += step
      }
    }
  }

  /// Makes the same server answer at another path in its directory.
  public func alsoAt(_ other: String) throws {
    guard link(path, other) == 0 else { throw ChildProcess.StartError(description: "cannot link \(other)") }
  }

  public func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
    try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent)
  }
}

private final class ConnectionCounter: Sendable {
  private let connections = Atomic<Int>(0)
  var count: Int { connections.load(ordering: .relaxed) }
  func next() -> Int { connections.add(1, ordering: .relaxed).newValue }
}

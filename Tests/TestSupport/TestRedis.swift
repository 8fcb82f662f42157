import Foundation

/// A private Redis without persistence, on a Unix socket unless it is to have a password.
public final class TestRedis: Sendable {
  private let server: PrivateServer
  private let socket: String

  /// The one that all tests of this process may share. Do not stop it; prefix keys with something of your own.
  public static let shared = Result { try TestRedis() }

  /// `unix:///…/redis.sock` or `redis://:password@localhost:port`.
  public let url: String

  /// Starts a server for the caller alone.
  /// - Parameter password: With one, it listens on 127.0.0.1 too, and `url` leads there by name.
  public init(password: String? = nil) throws {
    let directory = try PrivateServer.makeDirectory(prefix: "jetty-redis")
    let socket = "\(directory)/redis.sock"
    self.socket = socket
    var options = ["--port", "0"]
    if let password {
      let port = try FreePort.find()
      options = ["--port", "\(port)", "--bind", "127.0.0.1", "--requirepass", password]
      url = "redis://:\(password.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")@localhost:\(port)"
    } else {
      url = "unix://\(socket)"
    }
    server = try PrivateServer(
      command: [Self.program] + options + ["--unixsocket", socket, "--dir", directory, "--save", "", "--appendonly", "no", "--daemonize", "no"],
      directory: directory, stopSignal: "TERM")
    try waitUntilReady()
  }

  deinit { server.stop() }

  /// As `kill -9`; connections break at once.
  public func kill9() {
    server.send(signal: SIGKILL)
    // The socket file of a killed server stays and refuses connections, as a dead server's does.
  }

  /// After `kill9`: starts it again, empty, at the same place.
  public func restart() throws {
    try server.restart()
    try waitUntilReady()
  }

  /// Keeps the server from answering without closing anything.
  public func freeze() { server.send(signal: SIGSTOP) }
  public func thaw() { server.send(signal: SIGCONT) }

  public func stop() { server.stop() }

  private func waitUntilReady() throws {
    try server.waitUntil(seconds: 30) { UnixSocket.answers(socket, to: "PING\r\n", with: ["+PONG", "-NOAUTH"]) }
  }

  private static var program: String {
    let environment = ProcessInfo.processInfo.environment
    return [environment["JETTY_REDIS_SERVER"], DevelopmentTools.directory.map { "\($0)/bin/redis-server" }, "/usr/bin/redis-server"]
      .compactMap { $0 }.first { FileManager.default.isExecutableFile(atPath: $0) } ?? "redis-server"
  }
}

enum FreePort {
  /// A TCP port of 127.0.0.1 that nobody used a moment ago.
  static func find() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1 }
    }
    guard status == 0 else { throw ChildProcess.StartError(description: "no TCP port is free") }
    return UInt16(bigEndian: address.sin_port)
  }
}

enum UnixSocket {
  /// Whether a server at `path` answers `request` with something that begins as one of `answers` does.
  static func answers(_ path: String, to request: String, with answers: [String]) -> Bool {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    guard connected == 0, send(descriptor, request, request.utf8.count, Int32(MSG_NOSIGNAL)) == request.utf8.count else { return false }
    var wait = timeval(tv_sec: 1, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
    var buffer = [UInt8](repeating: 0, count: 64)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count > 0 else { return false }
    let text = String(decoding: buffer[..<count], as: UTF8.self)
    return answers.contains { text.hasPrefix($0) }
  }
}

import Foundation

/// A private Redis on a Unix socket, without persistence.
public final class TestRedis: Sendable {
  private let server: PrivateServer
  private let socket: String

  /// The one that all tests of this process may share. Do not stop it; prefix keys with something of your own.
  public static let shared = Result { try TestRedis() }

  /// Starts a server for the caller alone.
  public init() throws {
    let directory = try PrivateServer.makeDirectory(prefix: "jetty-redis")
    let socket = "\(directory)/redis.sock"
    self.socket = socket
    server = try PrivateServer(
      command: [
        Self.program, "--port", "0", "--unixsocket", socket, "--dir", directory, "--save", "", "--appendonly", "no", "--daemonize", "no",
      ], directory: directory, stopSignal: "TERM")
    try waitUntilReady()
  }

  deinit { server.stop() }

  /// `unix:///…/redis.sock`
  public var url: String { "unix://\(socket)" }

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
    try server.waitUntil(seconds: 30) { UnixSocket.answers(socket, to: "PING\r\n", with: "+PONG") }
  }

  private static var program: String {
    let environment = ProcessInfo.processInfo.environment
    return [environment["JETTY_REDIS_SERVER"], DevelopmentTools.directory.map { "\($0)/bin/redis-server" }, "/usr/bin/redis-server"]
      .compactMap { $0 }.first { FileManager.default.isExecutableFile(atPath: $0) } ?? "redis-server"
  }
}

enum UnixSocket {
  /// Whether a server at `path` answers `request` with something that begins with `answer`.
  static func answers(_ path: String, to request: String, with answer: String) -> Bool {
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
    return count > 0 && String(decoding: buffer[..<count], as: UTF8.self).hasPrefix(answer)
  }
}

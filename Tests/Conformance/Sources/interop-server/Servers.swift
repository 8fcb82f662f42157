import EventLoops
import Glibc
import RPC

/// The RPC server, and the HTTP server beside it where one is wanted. Loop thread only, but for `init`.
final class Servers: @unchecked Sendable {
  private let loop: EventLoop
  private var rpc: RPCServer?
  private var door: HTTPDoor?

  init(_ loop: EventLoop) { self.loop = loop }

  /// Prints where they listen: whoever asked for port 0 reads it there.
  func start(_ options: ServerOptions) throws {
    let router = RPCRouter()
    router.add(TestService())
    var configuration = RPCServerConfiguration()
    configuration.tls = options.tls
    let rpc = RPCServer(loop: loop, router: router, configuration: configuration)
    self.rpc = rpc
    let address = try rpc.listen(SocketAddress(ip: options.host, port: options.port) ?? .loopback(port: options.port))
    var line = "listening on \(address)\(options.tls == nil ? "" : " with TLS")"
    if let port = options.httpPort {
      let door = HTTPDoor(rpc: rpc)
      self.door = door
      line += ", HTTP on 127.0.0.1:\(try door.listen(port: port))"
    }
    print(line)
    fflush(nil)
  }

  /// What runs may finish.
  func stop() async {
    await door?.server?.shutdown(graceMilliseconds: 100)
    await rpc?.shutdown()
  }
}

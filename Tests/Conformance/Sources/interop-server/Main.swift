import EventLoops
import Glibc
import InteropKit
import RPC

@main
struct Main {
  static func main() async {
    do {
      try await serve(try ServerOptions(Array(CommandLine.arguments.dropFirst())))
    } catch let mistake as UsageError {
      print("error: \(mistake)\n\n\(ServerOptions.usage)")
      endProcess(64)
    } catch {
      print("error: \(error)")
      endProcess(1)
    }
    endProcess(0)
  }

  private static func serve(_ options: ServerOptions) async throws {
    // Before any thread is made, so that all of them leave these to `sigwait`.
    var ends = sigset_t()
    sigemptyset(&ends)
    sigaddset(&ends, SIGTERM)
    sigaddset(&ends, SIGINT)
    pthread_sigmask(SIG_BLOCK, &ends, nil)

    let loop = try EventLoop(name: "interop")
    try loop.start()
    let (server, door) = try await loop.run {
      let router = RPCRouter()
      router.add(TestService())
      var configuration = RPCServerConfiguration()
      configuration.tls = options.tls
      let server = RPCServer(loop: loop, router: router, configuration: configuration)
      let address = try server.listen(SocketAddress(ip: options.host, port: options.port) ?? .loopback(port: options.port))
      let door = HTTPDoor(rpc: server)
      let httpPort = try options.httpPort.map { try door.listen(port: $0) }
      print("listening on \(address)\(options.tls == nil ? "" : " with TLS")\(httpPort.map { ", HTTP on 127.0.0.1:\($0)" } ?? "")")
      fflush(nil)
      return (server, door)
    }

    var signal: Int32 = 0
    sigwait(&ends, &signal)
    try await loop.run {
      await door.server?.shutdown(graceMilliseconds: 100)
      await server.shutdown()
    }
    loop.stop()
  }
}

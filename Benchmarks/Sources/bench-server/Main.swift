import BenchSupport
import EventLoops
import Glibc
import TLS

@main
struct Main {
  static func main() {
    do {
      try serve(try ServerOptions(Array(CommandLine.arguments.dropFirst())))
    } catch let mistake as ServerOptions.Mistake {
      print("error: \(mistake)\n\n\(ServerOptions.usage)")
      endProcess(64)
    } catch {
      print("error: \(error)")
      endProcess(1)
    }
    endProcess(0)
  }

  private static func serve(_ options: ServerOptions) throws {
    // Before any thread is made, so that all of them leave these to `sigwait`.
    var ends = sigset_t()
    sigemptyset(&ends)
    sigaddset(&ends, SIGTERM)
    sigaddset(&ends, SIGINT)
    pthread_sigmask(SIG_BLOCK, &ends, nil)

    var tls: TLSContext?
    if let certificate = options.certificate, let key = options.key {
      tls = try TLSContext.server(identity: .init(certificateFile: certificate, keyFile: key), alpn: ["h2"])
    }
    let group = try EventLoopGroup(count: options.loops, name: "bench")
    var servers: [LoopServer] = []
    for (index, loop) in group.loops.enumerated() {
      let context = tls
      servers.append(try loop.runBlocking { try LoopServer(options, loop: loop, tls: context, isFirst: index == 0) })
    }
    print("bench-server: \(options.loops) loops on port \(options.port)")
    fflush(nil)

    var signal: Int32 = 0
    sigwait(&ends, &signal)

    var connections: [String] = []
    for (server, loop) in zip(servers, group.loops) {
      let count = try loop.runBlocking {
        let count = server.acceptedConnections
        server.close()
        return count
      }
      connections.append("\(count)")
    }
    print("connections per loop: \(connections.joined(separator: " "))")
  }
}

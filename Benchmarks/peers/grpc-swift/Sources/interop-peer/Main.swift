// gRPC's interoperability server and client on grpc-swift-2, for Tests/Conformance:
//   interop-peer server PORT [CERTIFICATE KEY]
//   interop-peer client PORT CASE[,CASE...] [CA-FILE SERVER-NAME]
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix

@main
struct Main {
  static func main() async throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard arguments.count >= 2, let port = Int(arguments[1]) else { throw Mismatch("usage: see Main.swift") }
    if arguments[0] == "server" {
      try await serve(port, Array(arguments.dropFirst(2)))
    } else {
      exit(try await call(port, arguments[2].split(separator: ",").map(String.init), Array(arguments.dropFirst(3))) == 0 ? 0 : 1)
    }
  }

  private static func serve(_ port: Int, _ files: [String]) async throws {
    let server = GRPCServer(
      transport: .http2NIOPosix(
        address: .ipv4(host: "127.0.0.1", port: port),
        transportSecurity: files.count < 2
          ? .plaintext
          : .tls(certificateChain: [.file(path: files[0], format: .pem)], privateKey: .file(path: files[1], format: .pem)),
        config: .defaults { $0.compression.enabledAlgorithms = .gzip }),
      services: [PeerService()])
    try await withThrowingDiscardingTaskGroup { group in
      group.addTask { try await server.serve() }
      let address = try await server.listeningAddress
      print("listening on 127.0.0.1:\(address?.ipv4?.port ?? 0)")
      fflush(nil)
    }
  }

  private static func call(_ port: Int, _ names: [String], _ tls: [String]) async throws -> Int {
    let transport = try HTTP2ClientTransport.Posix(
      target: .ipv4(address: "127.0.0.1", port: port),
      transportSecurity: tls.count < 2 ? .plaintext : .tls { $0.trustRoots = .certificates([.file(path: tls[0], format: .pem)]) },
      config: .defaults {
        $0.compression.enabledAlgorithms = .gzip
        if tls.count >= 2 { $0.http2.authority = tls[1] }
      })
    return try await withGRPCClient(transport: transport) { client in
      let cases = PeerCases(client: client)
      var failures = 0
      for name in names {
        do {
          try await cases.run(name)
          print("passed \(name)")
        } catch {
          failures += 1
          print("FAILED \(name): \(error)")
        }
        fflush(nil)
      }
      return failures
    }
  }
}

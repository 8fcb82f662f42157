import EventLoops
import Foundation
import RPC
import RPCServices
import TLS
import Testing

@Suite("Calls over TLS", .timeLimit(.minutes(1)))
struct TLSCallTests {
  @Test func mutualTLS() async throws {
    let files = try Certificates()
    let identity = try TLSContext.server(identity: files.server, clientCAFile: files.authority, alpn: ["h2"])
    let client = try TLSContext.client(caFile: files.authority, identity: files.client, alpn: ["h2"])
    let subject = MethodDescriptor(service: "test.TLS", method: "Subject")
    try await Harness.run(
      server: { $0.tls = identity },
      channel: {
        $0.tls = client
        $0.serverName = "localhost"
      },
      router: { router in router.unary(subject) { (_: Blob, context) in Blob(context.peerCertificateSubject ?? "none") } }
    ) { harness in
      let large = Blob(size: 3 << 20)
      let response: Blob = try await harness.channel.unary(EchoService.unary, large)
      #expect(response == large)
      let name: Blob = try await harness.channel.unary(subject, Blob())
      #expect(name.text == "finalize")
      let count = try await harness.channel.serverStreaming(EchoService.expand, Blob("300 20000")) { (responses: RPCReader<Blob>) in
        var count = 0
        for try await _ in responses { count += 1 }
        return count
      }
      #expect(count == 300)
    }
  }

  @Test func aClientWithoutCertificateIsRefused() async throws {
    let files = try Certificates()
    let server = try TLSContext.server(identity: files.server, clientCAFile: files.authority, alpn: ["h2"])
    let stranger = try TLSContext.client(caFile: files.authority, alpn: ["h2"])
    try await Harness.run(
      server: { $0.tls = server },
      channel: {
        $0.tls = stranger
        $0.serverName = "localhost"
      }
    ) { harness in
      let error = try await failure { () -> Blob in try await harness.channel.unary(EchoService.unary, Blob()) }
      #expect(error.code == .unavailable)
    }
  }

  @Test func aServerOfAnotherNameIsRefused() async throws {
    let files = try Certificates()
    let server = try TLSContext.server(identity: files.server, alpn: ["h2"])
    let client = try TLSContext.client(caFile: files.authority, alpn: ["h2"])
    try await Harness.run(
      server: { $0.tls = server },
      channel: {
        $0.tls = client
        $0.serverName = "elsewhere"
      }
    ) { harness in
      let error = try await failure { () -> Blob in try await harness.channel.unary(EchoService.unary, Blob()) }
      #expect(error.code == .unavailable)
    }
  }

  @Test func aNameInTheSubjectAloneDoesNotCount() async throws {
    let files = try Certificates()
    let server = try TLSContext.server(identity: files.nameless, alpn: ["h2"])
    let client = try TLSContext.client(caFile: files.authority, alpn: ["h2"])
    try await Harness.run(
      server: { $0.tls = server },
      channel: {
        $0.tls = client
        $0.serverName = "localhost"
      }
    ) { harness in
      let error = try await failure { () -> Blob in try await harness.channel.unary(EchoService.unary, Blob()) }
      #expect(error.code == .unavailable)
    }
  }

  @Test func grpcioOverTLS() async throws {
    let files = try Certificates()
    let server = try TLSContext.server(identity: files.server, alpn: ["h2"])
    try await Harness.run(
      server: { $0.tls = server },
      router: { router in
        guard let loop = EventLoop.current else { return }
        let health = router.addOperations(loop: loop)
        for service in ["", "test.Echo"] { health.setStatus(.serving, for: service) }
      }
    ) { harness in
      let arguments = ["\(harness.address)", files.authority]
      let result = try await harness.loop.offload { try PythonPeer.run("grpcio_client.py", arguments) }
      #expect(result.code == 0, "\(result.output)")
    }
  }

  /// A throw-away authority with a server ("localhost") and a client ("finalize").
  final class Certificates: Sendable {
    private let directory = NSTemporaryDirectory() + "/jetty-rpc-pki-" + UUID().uuidString
    var authority: String { "\(directory)/ca.pem" }
    var server: TLSContext.Identity { identity("localhost") }
    /// "localhost" without a subjectAltName.
    var nameless: TLSContext.Identity { identity("nameless") }
    var client: TLSContext.Identity { identity("finalize") }

    init() throws {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      try openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem")
      try openssl("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout nameless.key -out nameless.csr")
      try openssl("x509 -req -in nameless.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out nameless.pem")
      for name in ["localhost", "finalize"] {
        try openssl(
          "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=\(name) -addext subjectAltName=DNS:\(name)"
            + " -keyout \(name).key -out \(name).csr")
        try openssl("x509 -req -in \(name).csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -copy_extensions copy -out \(name).pem")
      }
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    private func identity(_ name: String) -> TLSContext.Identity {
      .init(certificateFile: "\(directory)/\(name).pem", keyFile: "\(directory)/\(name).key")
    }

    private func openssl(_ arguments: String) throws {
      guard let pipe = popen("cd '\(directory)' && openssl \(arguments) >/dev/null 2>&1", "r"), pclose(pipe) == 0 else { throw POSIXError(.EINVAL) }
    }
  }
}

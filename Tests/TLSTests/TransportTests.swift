import Foundation
import Testing

@testable import TLS

@Suite(.timeLimit(.minutes(1))) struct TransportTests {
  static let pki = Result { try TestPKI() }

  @Test func bytesCrossBothWaysWithALPN() throws {
    let pki = try Self.pki.get()
    var link = try connect(
      .server(identity: pki.server, alpn: ["h2", "http/1.1"]), .client(caFile: pki.caFile, alpn: ["http/1.1", "h2"]), name: "localhost")
    let answer1 = exchange("hello", from: &link.client, to: &link.server)
    #expect(answer1 == "hello")
    let answer2 = exchange("world", from: &link.server, to: &link.client)
    #expect(answer2 == "world")
    let chosenByServer = link.server.negotiatedProtocol
    #expect(chosenByServer == "h2", "the server's order decides")
    let seenByClient = link.client.negotiatedProtocol
    #expect(seenByClient == "h2")
    let clientName = link.server.peerCertificateName
    #expect(clientName == nil)
    let serverName = link.client.peerCertificateName
    #expect(serverName == "localhost")
  }

  @Test func aWrongServerNameIsRefused() throws {
    let pki = try Self.pki.get()
    var link = try connect(.server(identity: pki.server, alpn: []), .client(caFile: pki.caFile, alpn: []), name: "other.example")
    let answer3 = exchange("secret", from: &link.client, to: &link.server)
    #expect(answer3 == nil)
  }

  @Test func aServerOfAnotherAuthorityIsRefused() throws {
    let pki = try Self.pki.get()
    let other = try TestPKI()
    var link = try connect(.server(identity: pki.server, alpn: []), .client(caFile: other.caFile, alpn: []), name: "localhost")
    let answer4 = exchange("secret", from: &link.client, to: &link.server)
    #expect(answer4 == nil)
  }

  @Test func mutualTLSLetsOnlyCertifiedClientsIn() throws {
    let pki = try Self.pki.get()
    let guarded = { try TLSContext.server(identity: pki.server, clientCAFile: pki.caFile, alpn: []) }
    var link = try connect(guarded(), .client(caFile: pki.caFile, identity: pki.client, alpn: []), name: "localhost")
    let answer5 = exchange("hello", from: &link.client, to: &link.server)
    #expect(answer5 == "hello")
    let clientName = link.server.peerCertificateName
    #expect(clientName == "finalize")

    var strict = try connect(guarded(), .client(caFile: pki.caFile, alpn: []), name: "localhost")
    let answer6 = exchange("hello", from: &strict.client, to: &strict.server)
    #expect(answer6 == nil)
  }

  @Test func noCommonProtocolIsRefused() throws {
    let pki = try Self.pki.get()
    var link = try connect(.server(identity: pki.server, alpn: ["h2"]), .client(caFile: pki.caFile, alpn: ["spdy/3"]), name: "localhost")
    let answer7 = exchange("hello", from: &link.client, to: &link.server)
    #expect(answer7 == nil)
  }

  @Test func garbageInsteadOfAHandshakeIsAnError() throws {
    let pki = try Self.pki.get()
    let (a, b) = try socketPair()
    var server = try Transport(tls: .server(identity: pki.server, alpn: []), descriptor: a, role: .server)
    defer { close(b) }
    #expect(write(b, "GET / HTTP/1.1\r\n\r\n", 18) == 18)
    var byte: UInt8 = 0
    guard case .failed(let reason) = server.read(into: &byte, count: 1) else {
      Issue.record("plain text was taken for TLS")
      return
    }
    #expect(reason.hasPrefix("TLS: "))
  }

  @Test func missingFilesAreNamed() {
    let error = #expect(throws: TLSError.self) {
      _ = try TLSContext.server(identity: .init(certificateFile: "/no/such/cert.pem", keyFile: "/no/such/key.pem"), alpn: [])
    }
    #expect(error?.description.contains("/no/such/cert.pem") == true)
  }

  // MARK: Helpers

  private func socketPair() throws -> (Int32, Int32) {
    var pair: [Int32] = [0, 0]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &pair) == 0 else { throw POSIXError(.EMFILE) }
    return (pair[0], pair[1])
  }

  private func connect(_ server: TLSContext, _ client: TLSContext, name: String) throws -> Link {
    let (a, b) = try socketPair()
    return Link(
      server: try Transport(tls: server, descriptor: a, role: .server),
      client: try Transport(tls: client, descriptor: b, role: .client(serverName: name)))
  }

  /// Sends `text`, turn by turn; nil where the connection breaks instead.
  private func exchange(_ text: String, from sender: inout Transport, to receiver: inout Transport) -> String? {
    let bytes = Array(text.utf8)
    var isSent = false
    var received: [UInt8] = []
    for _ in 0..<50 where received.count < bytes.count {
      var buffer = [UInt8](repeating: 0, count: 256)
      if isSent {
        if case .failed = sender.read(into: &buffer, count: buffer.count) { return nil }
      } else {
        switch sender.write(from: bytes, count: bytes.count) {
        case .bytes: isSent = true
        case .failed, .closed: return nil
        case .wouldBlock: break
        }
      }
      switch receiver.read(into: &buffer, count: buffer.count) {
      case .bytes(let count): received += buffer.prefix(count)
      case .failed, .closed: return nil
      case .wouldBlock: break
      }
    }
    return String(decoding: received, as: UTF8.self)
  }
}

/// Both ends of one connection.
struct Link: ~Copyable {
  var server: Transport
  var client: Transport
}

/// A throw-away certificate authority with a server ("localhost") and a client ("finalize") certificate.
final class TestPKI: Sendable {
  let directory: String
  var caFile: String { "\(directory)/ca.pem" }
  var server: TLSContext.Identity { .init(certificateFile: "\(directory)/localhost.pem", keyFile: "\(directory)/localhost.key") }
  var client: TLSContext.Identity { .init(certificateFile: "\(directory)/finalize.pem", keyFile: "\(directory)/finalize.key") }

  init() throws {
    directory = NSTemporaryDirectory() + "/jetty-pki-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem")
    for name in ["localhost", "finalize"] {
      try openssl(
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=\(name) -addext subjectAltName=DNS:\(name)"
          + " -keyout \(name).key -out \(name).csr")
      try openssl("x509 -req -in \(name).csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -copy_extensions copy -out \(name).pem")
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  private func openssl(_ arguments: String) throws {
    // popen instead of Foundation's Process, whose waitUntilExit can wait for ever on a thread of Swift's pool.
    guard let pipe = popen("cd '\(directory)' && openssl \(arguments) >/dev/null 2>&1", "r") else { throw POSIXError(.ENOMEM) }
    guard pclose(pipe) == 0 else { throw POSIXError(.EINVAL) }
  }
}

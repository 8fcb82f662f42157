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
}

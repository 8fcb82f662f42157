import Foundation
import Testing

@testable import TLS

@Suite(.timeLimit(.minutes(1))) struct ReloadTests {
  static let pki = Result { try TestPKI() }

  /// Certificate files that a test may overwrite.
  private func copies(of identity: TLSContext.Identity) throws -> TLSContext.Identity {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("jetty-reload-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let copy = TLSContext.Identity(
      certificateFile: directory.appendingPathComponent("cert.pem").path, keyFile: directory.appendingPathComponent("key.pem").path)
    try overwrite(copy, with: identity)
    return copy
  }

  private func overwrite(_ copy: TLSContext.Identity, with identity: TLSContext.Identity) throws {
    for (from, to) in [(identity.certificateFile, copy.certificateFile), (identity.keyFile, copy.keyFile)] {
      try Data(contentsOf: URL(fileURLWithPath: from)).write(to: URL(fileURLWithPath: to))
    }
  }

  private func delete(_ copy: TLSContext.Identity) {
    try? FileManager.default.removeItem(at: URL(fileURLWithPath: copy.certificateFile).deletingLastPathComponent())
  }

  @Test func newHandshakesUseTheNewCertificateAndOldConnectionsGoOn() throws {
    let pki = try Self.pki.get()
    let files = try copies(of: pki.server)
    defer { delete(files) }
    let server = try TLSContext.server(identity: files, alpn: [])
    let client = try TLSContext.client(caFile: pki.caFile, alpn: [])
    var old = try connect(server, client, name: "localhost")
    let before = exchange("before", from: &old.client, to: &old.server)
    #expect(before == "before")

    let other = try TestPKI()
    defer { withExtendedLifetime(other) {} }
    try overwrite(files, with: other.server)
    try server.reload()
    let after = exchange("after", from: &old.client, to: &old.server)
    #expect(after == "after", "a connection that stands is not touched")
    var stranger = try connect(server, client, name: "localhost")
    let refused = exchange("x", from: &stranger.client, to: &stranger.server)
    #expect(refused == nil, "the new certificate is of another authority")
    var new = try connect(server, .client(caFile: other.caFile, alpn: []), name: "localhost")
    let taken = exchange("new", from: &new.client, to: &new.server)
    #expect(taken == "new")
  }

  @Test func aBrokenPairKeepsTheOldOne() throws {
    let pki = try Self.pki.get()
    let files = try copies(of: pki.server)
    defer { delete(files) }
    let server = try TLSContext.server(identity: files, alpn: [])
    let client = try TLSContext.client(caFile: pki.caFile, alpn: [])
    // As a writer leaves it half-way: the certificate is new, the key is not.
    let other = try TestPKI()
    defer { withExtendedLifetime(other) {} }  // It deletes its files at its end.
    try Data(contentsOf: URL(fileURLWithPath: other.server.certificateFile)).write(to: URL(fileURLWithPath: files.certificateFile))
    let mismatch = #expect(throws: TLSError.self) { try server.reload() }
    #expect(mismatch?.description.contains(files.keyFile) == true)
    try Data("-----BEGIN CERTIFICATE-----\nMII".utf8).write(to: URL(fileURLWithPath: files.certificateFile))
    let torn = #expect(throws: TLSError.self) { try server.reload() }
    #expect(torn?.description.contains(files.certificateFile) == true)
    var link = try connect(server, client, name: "localhost")
    let answer = exchange("still", from: &link.client, to: &link.server)
    #expect(answer == "still")
  }

  @Test func anExpiredCertificateIsRefusedWithFileAndDate() throws {
    let pki = try Self.pki.get()
    let expired = try pki.identity("expired", days: -1)
    let error = #expect(throws: TLSError.self) { _ = try TLSContext.server(identity: expired, alpn: []) }
    let text = error?.description ?? ""
    #expect(text.contains(expired.certificateFile) && text.contains("expired on 20"))
  }

  @Test func namesAndDatesAreRead() throws {
    let pki = try Self.pki.get()
    let identity = try pki.identity("names", days: 10, alternativeNames: "DNS:localhost,IP:127.0.0.1,URI:spiffe://jetty/finalize")
    let context = try TLSContext.server(identity: identity, clientCAFile: pki.caFile, alpn: [])
    let summary = try #require(context.certificate)
    #expect(summary.subject == "CN=names")
    #expect(summary.names == ["localhost", "spiffe://jetty/finalize"])
    let days = (summary.notAfterUnixSeconds - Int64(Date().timeIntervalSince1970)) / 86_400
    #expect((9...10).contains(days))

    var link = try connect(
      .server(identity: pki.server, clientCAFile: pki.caFile, alpn: []), .client(caFile: pki.caFile, identity: identity, alpn: []),
      name: "localhost")
    let answer = exchange("hello", from: &link.client, to: &link.server)
    #expect(answer == "hello")
    let seen = link.server.peerCertificateNames
    #expect(seen == ["localhost", "spiffe://jetty/finalize"])
  }

  @Test func whoWatchesLearnsWhyAHandshakeFailed() throws {
    let pki = try Self.pki.get()
    let server = try TLSContext.server(identity: pki.server, clientCAFile: pki.caFile, alpn: [])
    let heard = Heard()
    server.observeFailures { _, reason in heard.add(reason) }
    var uncertified = try connect(server, .client(caFile: pki.caFile, alpn: []), name: "localhost")
    _ = exchange("x", from: &uncertified.client, to: &uncertified.server)
    let strangers = try TestPKI()
    defer { withExtendedLifetime(strangers) {} }
    var stranger = try connect(server, .client(caFile: pki.caFile, identity: strangers.client, alpn: []), name: "localhost")
    _ = exchange("x", from: &stranger.client, to: &stranger.server)
    #expect(server.handshakeFailures == 2)
    let reasons = heard.all
    #expect(reasons.first?.contains("did not return a certificate") == true)
    #expect(reasons.last?.contains("CN=") == true && reasons.last?.contains("valid until") == true)
  }

  private final class Heard: @unchecked Sendable {
    private let lock = NSLock()
    private var reasons: [String] = []
    func add(_ reason: String) { lock.withLock { reasons.append(reason) } }
    var all: [String] { lock.withLock { reasons } }
  }
}

import Foundation
import HTTPServer
import TLS
import Testing

/// The same handlers by HTTP/2, driven by curl.
@Suite(.serialized, .timeLimit(.minutes(1))) struct HTTP2ServerTests {
  /// Runs curl and returns what it printed. `-w` adds the protocol version and the status.
  private func curl(
    _ server: TestServer, _ path: String, _ options: [String] = ["--http2-prior-knowledge"], input: Data? = nil
  ) throws -> (output: String, status: Int32) {
    let scheme = options.contains("--cacert") ? "https" : "http"
    let arguments = ["-sS", "--max-time", "20", "-w", "\n%{http_version} %{http_code}"] + options + ["\(scheme)://localhost:\(server.port)\(path)"]
    return try Subprocess.run("curl", arguments, input: input)
  }

  @Test func priorKnowledgeAndHTTP1OnOnePort() async throws {
    let server = try await TestServer.start()
    #expect(try curl(server, "/a?b").output == "GET /a b HTTP/2 localhost:\(server.port)\n2 200")
    #expect(try curl(server, "/a?b", ["--http1.1"]).output == "GET /a b HTTP/1.1 localhost:\(server.port)\n1.1 200")
    #expect(try curl(server, "/x", ["--http2-prior-knowledge", "-I"]).output.contains("content-length: 31"))
    #expect(try curl(server, "/nothing").output == "\n2 204")
    try await server.stop()
  }

  @Test func bodiesBothWays() async throws {
    let server = try await TestServer.start()
    let body = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: ($0 >> 8) & 0x3F + 0x20) })
    let echoed = try curl(server, "/echo", ["--http2-prior-knowledge", "--data-binary", "@-"], input: body)
    #expect(echoed.output == String(decoding: body, as: UTF8.self) + "\n2 200")
    #expect(try curl(server, "/count", ["--http2-prior-knowledge", "--data-binary", "@-"], input: body).output == "3000000\n2 200")
    let limited = try curl(server, "/limit", ["--http2-prior-knowledge", "--data-binary", "@-"], input: body)
    #expect(limited.output.hasSuffix("\n2 413"), "\(limited)")
    let small = body.prefix(200_000)
    let ignored = try curl(server, "/ignore", ["--http2-prior-knowledge", "--data-binary", "@-"], input: small)
    #expect(ignored.output == "ignored\n2 200", "\(ignored)")
    let streamed = try curl(server, "/stream?50", ["--http2-prior-knowledge", "-o", "/dev/null", "-w", "%{size_download}"])
    #expect(streamed.output == "3276800")
    try await server.stop()
  }

  @Test func aBrokenResponseIsReset() async throws {
    let server = try await TestServer.start()
    #expect(try curl(server, "/broken").status != 0)
    #expect(try curl(server, "/broken", ["--http1.1"]).status != 0)
    try await server.stop()
  }

  @Test func files() async throws {
    let server = try await TestServer.start()
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("jetty-http-\(UUID().uuidString)").path
    let content = Data((0..<400_000).map { UInt8(truncatingIfNeeded: $0 % 64 + 32) })
    try content.write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let wanted = String(decoding: content[10..<300_010], as: UTF8.self)
    #expect(try curl(server, "/file?\(path)").output == wanted + "\n2 200")
    #expect(try curl(server, "/file?\(path)", ["--http1.1"]).output == wanted + "\n1.1 200")
    // A file that is shorter than what was announced breaks the response off.
    try content.prefix(1000).write(to: URL(fileURLWithPath: path))
    #expect(try curl(server, "/file?\(path)", ["--http1.1"]).status != 0)
    #expect(try curl(server, "/file?\(path)").status != 0)
    try await server.stop()
  }

  @Test func limits() async throws {
    var limits = HTTPServerLimits()
    limits.headerListBytesMax = 4000
    limits.bodyBytesMax = 1000
    let server = try await TestServer.start(limits: limits)
    let large = String(repeating: "x", count: 5000)
    #expect(try curl(server, "/", ["--http2-prior-knowledge", "-H", "x: \(large)"]).output.hasSuffix("\n2 431"))
    #expect(try curl(server, "/echo", ["--http2-prior-knowledge", "--data-binary", large]).output.hasSuffix("\n2 413"))
    #expect(try curl(server, "/echo", ["--http2-prior-knowledge", "-d", "ok"]).output.hasSuffix("\n2 200"))
    try await server.stop()
  }

  @Test func tls() async throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("jetty-tls-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let (key, certificate) = (directory.appendingPathComponent("key.pem").path, directory.appendingPathComponent("cert.pem").path)
    let made = try Subprocess.run(
      "openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
      ])
    try #require(made.status == 0)
    let context = try TLSContext.server(identity: .init(certificateFile: certificate, keyFile: key), alpn: ["h2", "http/1.1"])
    let server = try await TestServer.start(tls: context)
    #expect(try curl(server, "/a", ["--cacert", certificate]).output == "GET /a  HTTP/2 localhost:\(server.port)\n2 200")
    #expect(try curl(server, "/a", ["--cacert", certificate, "--http1.1"]).output == "GET /a  HTTP/1.1 localhost:\(server.port)\n1.1 200")
    let body = Data(repeating: 0x61, count: 2_000_000)
    for version in ["--http1.1", "--http2"] {
      let echoed = try curl(server, "/echo", ["--cacert", certificate, version, "--data-binary", "@-"], input: body)
      #expect(echoed.output.utf8.count > 2_000_000 && echoed.output.hasSuffix(" 200"))
      #expect(try curl(server, "/count?slow", ["--cacert", certificate, version, "--data-binary", "@-"], input: body).output.hasPrefix("2000000\n"))
    }
    #expect(try RawClient(port: server.port).refusesPlainText())
    try await server.stop()
  }
}

extension RawClient {
  /// A TLS port must not answer a plain request.
  fileprivate func refusesPlainText() throws -> Bool {
    try send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    return try !receiveAll().contains("HTTP/1.1 2")
  }
}

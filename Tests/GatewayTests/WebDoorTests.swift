import Foundation
import HTTPClient
import Testing

@testable import Gateway

/// The pages: what is served, how, and what is not.
@Suite(.timeLimit(.minutes(1))) struct WebDoorTests {
  /// A web directory with a secret beside it.
  private func withFiles(_ body: (String) async throws -> Void) async throws {
    let base = NSTemporaryDirectory() + "jetty-web-\(UUID().uuidString)"
    let web = base + "/web"
    defer { try? FileManager.default.removeItem(atPath: base) }
    try FileManager.default.createDirectory(atPath: web + "/js", withIntermediateDirectories: true)
    let script = String(repeating: "export const answer = 42; ", count: 40)
    for (path, text) in [
      ("web/index.html", "<!doctype html><title>Upload</title>"), ("web/dashboard.html", "<!doctype html>"), ("web/js/a.js", script),
      ("web/.hidden.js", "no"), ("web/notes.md", "no"), ("secret.txt", "secret"),
    ] { try text.write(toFile: "\(base)/\(path)", atomically: true, encoding: .utf8) }
    try FileManager.default.createSymbolicLink(atPath: web + "/link.txt", withDestinationPath: base + "/secret.txt")
    try await body(web)
  }

  @Test("pages and modules, with types, tags and a policy")
  func served() async throws {
    try await withFiles { directory in
      let files = try WebFiles(directory: directory)
      try await GatewayHarness.run(web: files) { gateway in
        let page = try await gateway.send(.get, "/")
        #expect(page.status == 200 && page.head["content-type"] == "text/html; charset=utf-8" && page.head["cache-control"] == "no-cache")
        let policy = page.head["content-security-policy"] ?? ""
        #expect(policy.hasPrefix("default-src 'none'; script-src 'self'") && !policy.contains("unsafe") && !policy.contains(" http:"))
        #expect(page.head["x-content-type-options"] == "nosniff")
        #expect(try await gateway.send(.get, "/dashboard").status == 200)
        let script = try await gateway.send(.get, "/js/a.js?v=1")
        #expect(script.head["content-type"] == "text/javascript; charset=utf-8")
        let etag = script.head["etag"] ?? ""
        let known = try await gateway.send(.get, "/js/a.js", [(name: "If-None-Match", value: etag)])
        #expect(etag.count > 10 && known.status == 304 && known.bytes.isEmpty)
        let packed = try await gateway.send(.get, "/js/a.js", [(name: "Accept-Encoding", value: "br, gzip;q=0.5")])
        #expect(packed.head["content-encoding"] == "gzip" && packed.bytes.count < script.bytes.count && packed.head["etag"] != etag)
        #expect(packed.head["vary"]?.contains("accept-encoding") == true)
        #expect(try await gateway.send(.get, "/js/a.js", [(name: "Accept-Encoding", value: "gzip;q=0")]).head["content-encoding"] == nil)
        let head = try await gateway.send(.head, "/")
        #expect(head.status == 200 && head.bytes.isEmpty)
        #expect(try await gateway.send(.post, "/", [], []).head["allow"] == "GET, HEAD")
      }
    }
  }

  @Test("nothing else is served", arguments: [
    "/index.html", "/../secret.txt", "/js/../../secret.txt", "/%2e%2e/secret.txt", "/js/%2e%2e%2f%2e%2e%2fsecret.txt", "/link.txt", "/.hidden.js",
    "/notes.md", "/js", "/js/", "//", "/js//a.js", "/js/a.js/", "/js/a.js%00", "/JS/A.JS", "/dashboard/", "/etc/passwd",
  ])
  func notServed(path: String) async throws {
    try await withFiles { directory in
      let files = try WebFiles(directory: directory)
      try await GatewayHarness.run(web: files) { gateway in
        let reply = try await gateway.send(.get, path)
        #expect(reply.status == 404 || reply.status == 400, "\(path) \(reply.status)")
      }
    }
  }

  @Test("a directory without pages is refused")
  func wrongDirectory() async throws {
    #expect(throws: WebFiles.LoadError.self) { try WebFiles(directory: "/nonexistent") }
    #expect(throws: WebFiles.LoadError.self) { try WebFiles(directory: "/") }
  }
}

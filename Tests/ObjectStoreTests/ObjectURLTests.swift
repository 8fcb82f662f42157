import HTTPClient
import Testing

@testable import ObjectStore

@Suite(.timeLimit(.minutes(2)))
struct ObjectURLTests {
  private let secret = [UInt8](repeating: 7, count: 32)

  private func split(_ url: String) -> (path: String, query: String) {
    let halves = url.split(separator: "?", maxSplits: 1)
    return (String(halves[0].dropFirst("https://jetty.example/objects/".count)), String(halves[1]))
  }

  @Test func localURLsOpenTheirObjectOnly() throws {
    let signer = try ObjectURLSigner(publicBase: "https://jetty.example/", secret: secret)
    let key = try ObjectKey("files/acc/usr/file_1")
    let signed = signer.presignedGet(key: key, expiresInSeconds: 60, fileName: "a \"b\".txt", contentType: "text/plain", at: 1000)
    #expect(signed.expiresAtMilliseconds == 1_060_000)
    let (path, query) = split(signed.url)
    let urls = try LocalObjectURL(secret: secret)
    let grant = try urls.verify(path: path, query: query, at: 1059)
    #expect(grant == LocalObjectURL.Grant(key: key, fileName: "a \"b\".txt", contentType: "text/plain", expiresAtSeconds: 1060))
    #expect(throws: LocalObjectURL.Refusal.expired) { try urls.verify(path: path, query: query, at: 1060) }
    #expect(throws: LocalObjectURL.Refusal.badSignature) { try urls.verify(path: path + "2", query: query, at: 1000) }
    let later = query.replacing("expires=1060", with: "expires=9060")
    #expect(throws: LocalObjectURL.Refusal.badSignature) { try urls.verify(path: path, query: later, at: 1000) }
    let renamed = query.replacing("&type=text%2Fplain", with: "")
    #expect(throws: LocalObjectURL.Refusal.badSignature) { try urls.verify(path: path, query: renamed, at: 1000) }
    let others = try LocalObjectURL(secret: [UInt8](repeating: 8, count: 32))
    #expect(throws: LocalObjectURL.Refusal.badSignature) { try others.verify(path: path, query: query, at: 1000) }
  }

  @Test(arguments: ["", "expires=1", "signature=AA", "expires=x&signature=AA", "expires=1&signature=%%%", "expires=1&expires=2&signature=AA",
    "expires=1&signature=AA&other=1", "expires=1&signature=AA&name=%ff", "a&b&c"])
  func malformedQueriesAreRefused(query: String) throws {
    let urls = try LocalObjectURL(secret: secret)
    #expect(throws: LocalObjectURL.Refusal.malformed) { try urls.verify(path: "files/a", query: query, at: 0) }
    #expect(throws: LocalObjectURL.Refusal.malformed) { try urls.verify(path: "../a", query: "expires=1&signature=AA", at: 0) }
  }

  @Test func shortSecretsAndLifetimesAreBounded() throws {
    #expect(throws: ObjectStoreError.self) { try LocalObjectURL(secret: [1, 2, 3]) }
    #expect(throws: ObjectStoreError.self) { try ObjectURLSigner(publicBase: "ftp://x", secret: secret) }
    let signer = try ObjectURLSigner(publicBase: "https://jetty.example", secret: secret)
    let signed = signer.presignedGet(key: try ObjectKey("a"), expiresInSeconds: .max, at: 0)
    #expect(signed.expiresAtMilliseconds == Int64(ObjectStoreLimits.urlSecondsMax) * 1000)
  }

  @Test func dispositionsCannotBreakOut() {
    let header = ContentDisposition.attachment("r\u{e9}\"x\"\r\n/;%.pdf")
    #expect(header == "attachment; filename=\"r__x______.pdf\"; filename*=UTF-8''r%C3%A9%22x%22%0D%0A%2F%3B%25.pdf")
  }

  /// A presigned URL works without credentials, with the name that was asked for, and not with one letter changed.
  @Test(arguments: [StoreKind.moto, .rclone])
  func presignedGetWorks(kind: StoreKind) async throws {
    try await kind.withStore { fixture in
      let key = try ObjectKey("files/acc/usr/shared")
      _ = try await fixture.store.put(key: key, bytes: Array("shared bytes".utf8), contentType: "text/plain")
      let signer = try fixture.location.makeURLSigner(publicBase: "", secret: [])
      let signed = signer.presignedGet(key: key, expiresInSeconds: 60, fileName: "näme.txt")
      let reply = try await fixture.client.send(HTTPClientRequest(.get, signed.url))
      #expect(reply.status == 200)
      #expect(reply.body == Array("shared bytes".utf8))
      if kind == .moto { #expect(reply.head["content-disposition"]?.contains("n%C3%A4me.txt") == true) }
      if kind == .rclone {
        // moto checks no signatures.
        let forged = try await fixture.client.send(HTTPClientRequest(.get, signed.url.replacing("shared?", with: "sharee?")))
        #expect(forged.status == 403)
      }
    }
  }
}

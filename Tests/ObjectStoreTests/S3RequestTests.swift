import EventLoops
import Synchronization
import Testing

@testable import ObjectStore

@Suite("S3 requests", .timeLimit(.minutes(1)))
struct S3RequestTests {
  @Test("carry the fields of their moment, outside of what is signed")
  func furtherFields() async throws {
    let heads = Mutex<[String]>([])
    let server = try ScriptedServer { connection, _ in
      while let head = connection.readHead() {
        heads.withLock { $0.append(head.lowercased()) }
        connection.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"1\"\r\nLast-Modified: Mon, 23 Nov 2026 02:00:00 GMT\r\n\r\n")
      }
    }
    defer { server.stop() }
    let loop = try EventLoop(name: "s3-requests")
    try loop.start()
    defer { loop.stop() }
    let location = try ObjectStoreLocation(
      url: "s3://bucket?endpoint=http://127.0.0.1:\(server.port)", credentials: S3Credentials(accessKey: "key", secretKey: "secret"))
    guard case .s3(var configuration, _) = location else { throw ObjectStoreError.unexpected("no S3 store") }
    let asked = Mutex(0)
    configuration.requestHeaders = {
      let number = asked.withLock { count in
        count += 1
        return count
      }
      return [(name: "traceparent", value: "place-\(number)")]
    }
    let settled = configuration
    try await loop.run {
      let store = try ObjectStoreLocation.s3(settled, certificateAuthorityFile: nil).makeStore(loop: loop)
      for _ in 0..<2 { _ = try await store.head(key: try ObjectKey("files/one")) }
    }
    let seen = heads.withLock { $0 }
    #expect(seen.count == 2)
    for (index, head) in seen.enumerated() {
      #expect(head.contains("\r\ntraceparent: place-\(index + 1)\r\n"))
      let authorization = head.split(separator: "\r\n").first { $0.hasPrefix("authorization: ") }
      #expect(authorization?.contains("signedheaders=") == true && authorization?.contains("traceparent") == false)
    }
  }
}

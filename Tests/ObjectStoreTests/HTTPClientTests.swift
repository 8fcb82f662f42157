import EventLoops
import Foundation
import HTTPClient
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct HTTPClientTests {
  /// Runs `body` on a loop with a client; a scripted server answers.
  private func withServer(
    _ script: @escaping @Sendable (ScriptedConnection, Int) -> Void, _ configure: (inout HTTPClientConfiguration) -> Void = { _ in },
    _ body: @escaping @Sendable (HTTPClient, ScriptedServer) async throws -> Void
  ) async throws {
    let server = try ScriptedServer(script)
    defer { server.stop() }
    let loop = try EventLoop(name: "http-client")
    try loop.start()
    defer { loop.stop() }
    var configuration = HTTPClientConfiguration()
    configure(&configuration)
    let settled = configuration
    try await loop.run {
      let client = HTTPClient(loop: loop, configuration: settled)
      try await body(client, server)
      #expect(client.requestsUnderWay == 0)
    }
  }

  private func expect(_ kind: HTTPClientError.Kind, _ body: () async throws -> Void, _ location: SourceLocation = #_sourceLocation) async {
    do {
      try await body()
      Issue.record("no error, but \(kind) was expected", sourceLocation: location)
    } catch let error as HTTPClientError {
      #expect(error.kind == kind, "\(error)", sourceLocation: location)
    } catch {
      Issue.record("\(error), but \(kind) was expected", sourceLocation: location)
    }
  }

  @Test func connectionsAreUsedAgain() async throws {
    try await withServer({ connection, _ in
      while let head = connection.readHead() {
        let body = head.contains("X-Echo: hello") || head.contains("x-echo: hello") ? "hello" : "nothing"
        connection.write("HTTP/1.1 200 OK\r\nX-Mixed-Case:  a b \r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
      }
    }) { client, server in
      for _ in 0..<5 {
        let reply = try await client.send(HTTPClientRequest(.get, server.url, headers: [(name: "x-echo", value: "hello")]))
        #expect(reply.status == 200)
        #expect(reply.head["x-mixed-case"] == "a b")
        #expect(reply.body == Array("hello".utf8))
      }
      #expect(server.connections == 1)
    }
  }

  @Test func bodiesArriveWhole() async throws {
    try await withServer({ connection, _ in
      while let head = connection.readHead() {
        let field = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length: ") }
        let body = connection.read(field.flatMap { Int($0.dropFirst("content-length: ".count)) } ?? 0)
        connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(String(body.count, radix: 16))\r\n")
        connection.write(body)
        connection.write(body.isEmpty ? "\r\n" : "\r\n0\r\n\r\n")
      }
    }) { client, server in
      for count in [0, 1, 131_071, 131_072, 131_073, 1_000_000] {
        let sent = pattern(count, count)
        let reply = try await client.send(HTTPClientRequest(.put, server.url), body: HTTPClientBody(sent), responseBytesMax: 2 << 20)
        #expect(areSame(reply.body, sent))
      }
    }
  }

  @Test func aConnectionThatDiedMeanwhileIsReplaced() async throws {
    try await withServer({ connection, _ in
      guard let head = connection.readHead(), head.hasPrefix("POST") else { return }
      _ = connection.read(5)
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
      // No "Connection: close": the client finds out when it uses the connection again.
    }) { client, server in
      for _ in 0..<5 {
        let reply = try await client.send(HTTPClientRequest(.post, server.url), body: HTTPClientBody(Array("12345".utf8)))
        #expect(reply.body == Array("ok".utf8))
      }
      #expect(server.connections == 5)
    }
  }

  @Test func limitsHold() async throws {
    try await withServer({ connection, number in
      _ = connection.readHead()
      if number == 0 {
        connection.write("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 200_000))
      } else {
        connection.write("HTTP/1.1 200 OK\r\nX-Long: " + String(repeating: "x", count: 5000) + "\r\n\r\n")
      }
    }, { $0.responseHeaderBytesMax = 2000 }) { client, server in
      await expect(.responseTooLarge) { _ = try await client.send(HTTPClientRequest(.get, server.url), responseBytesMax: 100_000) }
      await expect(.malformedResponse) { _ = try await client.send(HTTPClientRequest(.get, server.url)) }
    }
  }

  @Test func silenceIsATimeout() async throws {
    try await withServer({ connection, number in
      _ = connection.readHead()
      if number == 1 { connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345") }
      _ = connection.readHead()
    }, { $0.stallTimeoutMilliseconds = 300 }) { client, server in
      await expect(.timeout) { _ = try await client.send(HTTPClientRequest(.get, server.url)) }
      await expect(.timeout) { _ = try await client.send(HTTPClientRequest(.get, server.url)) }
      await expect(.timeout) { _ = try await client.send(HTTPClientRequest(.get, server.url, timeoutMilliseconds: 50)) }
    }
  }

  @Test func brokenConnectionsAreErrors() async throws {
    try await withServer({ connection, number in
      _ = connection.readHead()
      switch number {
      case 0: connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
      case 1: connection.write("nonsense\r\n\r\n")
      default: break
      }
    }) { client, server in
      await expect(.connectionLost) { _ = try await client.send(HTTPClientRequest(.get, server.url)) }
      await expect(.malformedResponse) { _ = try await client.send(HTTPClientRequest(.get, server.url)) }
      await expect(.connectionLost) { _ = try await client.send(HTTPClientRequest(.get, server.url)) }
      let port = try TestMachine.freePort()
      await expect(.connect) { _ = try await client.send(HTTPClientRequest(.get, "http://127.0.0.1:\(port)/")) }
      await expect(.invalidRequest) { _ = try await client.send(HTTPClientRequest(.get, "ftp://127.0.0.1/")) }
      await expect(.invalidRequest) { _ = try await client.send(HTTPClientRequest(.get, "http://127.0.0.1/ two")) }
      await expect(.invalidRequest) {
        _ = try await client.send(HTTPClientRequest(.get, server.url, headers: [(name: "x", value: "a\r\nHost: evil")]))
      }
      await expect(.nameResolution) { _ = try await client.send(HTTPClientRequest(.get, "http://no-such-host.invalid/")) }
    }
  }

  @Test func aPeerThatDoesNotReadStopsTheBody() async throws {
    try await withServer({ connection, _ in
      _ = connection.readHead()
      usleep(500_000)
      while !connection.read(1 << 20).isEmpty {}
    }) { client, server in
      let pulled = Mutex(0)
      let size = 1 << 30
      let task = Task(executorPreference: client.loop) {
        try await client.send(
          HTTPClientRequest(.put, server.url),
          body: HTTPClientBody(size: UInt64(size)) { buffer in
            pulled.withLock { $0 += buffer.count }
            return buffer.count
          })
      }
      try await client.loop.sleep(milliseconds: 300)
      // What the kernel's socket buffers and our two take, and no more.
      #expect(pulled.withLock { $0 } < 32 << 20)
      #expect(pulled.withLock { $0 } > 0)
      task.cancel()
      await #expect(throws: CancellationError.self) { _ = try await task.value }
    }
  }

  @Test func aSlowReaderStopsThePeer() async throws {
    let written = Mutex(0)
    try await withServer({ connection, _ in
      _ = connection.readHead()
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(1 << 30)\r\n\r\n")
      let block = [UInt8](repeating: 1, count: 1 << 16)
      while connection.write(block) { written.withLock { $0 += block.count } }
    }) { client, server in
      try await client.withResponse(to: HTTPClientRequest(.get, server.url)) { response in
        var count = try await response.nextBytes()?.count ?? 0
        try await client.loop.sleep(milliseconds: 300)
        #expect(written.withLock { $0 } < 32 << 20)
        for _ in 0..<100 { count += try await response.nextBytes()?.count ?? 0 }
        #expect(count > 1 << 20)
      }
    }
  }

  @Test func anEarlyAnswerIsHeard() async throws {
    try await withServer({ connection, _ in
      _ = connection.readHead()
      connection.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
      while !connection.read(1 << 16).isEmpty {}
    }) { client, server in
      let reply = try await client.send(
        HTTPClientRequest(.put, server.url),
        body: HTTPClientBody(size: 1 << 40) { buffer in
          try await client.loop.sleep(milliseconds: 1)
          return buffer.count
        })
      #expect(reply.status == 403)
      #expect(reply.body == Array("no".utf8))
    }
  }

  @Test func bodiesOfAWrongSizeNeverEnd() async throws {
    let heads = Mutex<[Int]>([])
    try await withServer({ connection, _ in
      guard connection.readHead() != nil else { return }
      let body = connection.read(10)
      heads.withLock { $0.append(body.count) }
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    }) { client, server in
      for count in [9, 11] {
        var given = false
        await expect(.bodySizeMismatch) {
          let body = HTTPClientBody(size: 10) { _ in
            defer { given = true }
            return given ? 0 : count
          }
          _ = try await client.send(HTTPClientRequest(.put, server.url), body: body)
        }
      }
      try await client.loop.sleep(milliseconds: 100)
      #expect(heads.withLock { $0 }.allSatisfy { $0 < 10 })
    }
  }

  @Test func tooManyRequestsAreRefused() async throws {
    try await withServer({ connection, _ in
      _ = connection.readHead()
      _ = connection.readHead()
    }, { $0.requestsMax = 2 }) { client, server in
      let tasks = (0..<2).map { _ in Task(executorPreference: client.loop) { try await client.send(HTTPClientRequest(.get, server.url)) } }
      try await client.loop.sleep(milliseconds: 50)
      await expect(.tooBusy) { _ = try await client.send(HTTPClientRequest(.get, server.url)) }
      for task in tasks {
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
      }
      client.close()
      await expect(.closed) { _ = try await client.send(HTTPClientRequest(.get, server.url)) }
    }
  }
}

import EventLoops
import Redis
import TestSupport
import Testing

/// Whatever a server sends, the process lives: a call fails, the connection is replaced.
@Suite("Redis servers that misbehave", .timeLimit(.minutes(2)))
struct HostileServerTests {
  static let replies = [
    "garbage\r\n", "\0\0\0\0", "$-7\r\n", "$99999999999999999999\r\n", "*-2\r\n", "*2147483647\r\n", "*4294967297\r\n",
    "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", ":notanumber\r\n", "$3\r\nabcdef",
    "%1\r\n+a\r\n+b\r\n", ">2\r\n+a\r\n+b\r\n", "_\r\n",
  ]

  @Test(arguments: replies)
  func anAnswerThatIsNoRedis(_ reply: String) async throws {
    let server = try ScriptedServer { request, _ in Array((Self.isPing(request) ? "+PONG\r\n" : reply).utf8) }
    defer { server.stop() }
    try await withEventLoop(seconds: 20) { loop in
      var configuration = RedisConfiguration(endpoint: .unix(path: server.path))
      configuration.commandTimeoutMilliseconds = 300
      let client = RedisClient(loop: loop, configuration: configuration)
      defer { client.close() }
      _ = try? await client.send(["GET", "a"])
      try await eventually(on: loop) { (try? await client.ping()) != nil }
    }
  }

  /// Some of these made hiredis itself, where it drives the connection, abort the process.
  @Test(arguments: [
    "+PONG\r\n+unasked\r\n", "+PONG\r\n:1\r\n",
    "+PONG\r\n*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n", "+PONG\r\n$-1\r\n", "+PONG\r\n-ERR late\r\n",
    "+PONG\r\n*0\r\n",
  ])
  func repliesNobodyAskedFor(_ reply: String) async throws {
    let server = try ScriptedServer { _, connection in Array((connection == 1 ? reply : "+PONG\r\n").utf8) }
    defer { server.stop() }
    try await withEventLoop(seconds: 20) { loop in
      let client = RedisClient(loop: loop, configuration: RedisConfiguration(endpoint: .unix(path: server.path)))
      defer { client.close() }
      try await eventually(on: loop) {
        let answered = (try? await client.ping()) != nil
        return server.connectionCount >= 2 && answered
      }
    }
  }

  @Test(arguments: [
    "*2\r\n$7\r\nmessage\r\n$1\r\na\r\n", "*0\r\n", "*-1\r\n", "+OK\r\n", ":1\r\n", "*3\r\n:1\r\n:2\r\n:3\r\n",
    "*3\r\n$7\r\nmessage\r\n$-1\r\n$1\r\nx\r\n",
    "*3\r\n$11\r\nunsubscribe\r\n$15\r\njetty:heartbeat\r\n$1\r\nx\r\n", "*3\r\n$7\r\nmessage\r\n*1\r\n:1\r\n$1\r\nx\r\n", "-ERR no\r\n",
    "*3\r\n$12\r\npunsubscribe\r\n$1\r\na\r\n$1\r\nx\r\n", "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n", "*3\r\n$0\r\n\r\n$1\r\na\r\n$1\r\nb\r\n",
  ])
  func messagesOfAnotherShape(_ message: String) async throws {
    let server = try ScriptedServer { request, connection in
      if Self.isPing(request) { return Array("+PONG\r\n".utf8) }
      let confirmed = "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n"
      return Array((connection == 1 ? message : confirmed).utf8)
    }
    defer { server.stop() }
    try await withEventLoop(seconds: 20) { loop in
      let subscriber = RedisSubscriber(loop: loop, configuration: RedisConfiguration(endpoint: .unix(path: server.path)))
      defer { subscriber.close() }
      let news = try subscriber.subscribe("news")
      // Either the connection was replaced, or the message was passed over.
      let event = try? await news.next(timeoutMilliseconds: 1_000)
      #expect(event == nil || event == .live || event == .interrupted)
    }
  }

  @Test func aServerThatIsLoadingCountsAsAway() async throws {
    let server = try ScriptedServer { _, _ in Array("-LOADING Redis is loading the dataset in memory\r\n".utf8) }
    defer { server.stop() }
    try await withEventLoop(seconds: 20) { loop in
      let client = RedisClient(loop: loop, configuration: RedisConfiguration(endpoint: .unix(path: server.path)))
      defer { client.close() }
      await #expect {
        try await client.ping()
      } throws: {
        ($0 as? RedisError)?.isUnavailable ?? false
      }
    }
  }

  @Test func aReplyOverTheLimitEndsTheConnection() async throws {
    let server = try ScriptedServer { request, _ in
      Self.isPing(request) ? Array("+PONG\r\n".utf8) : Array("$5000000\r\n".utf8) + [UInt8](repeating: 65, count: 4_000_000)
    }
    defer { server.stop() }
    try await withEventLoop(seconds: 20) { loop in
      var configuration = RedisConfiguration(endpoint: .unix(path: server.path))
      configuration.replyBytesMax = 1_000_000
      let client = RedisClient(loop: loop, configuration: configuration)
      defer { client.close() }
      await #expect {
        try await client.get("a")
      } throws: {
        "\($0)".contains("larger than 1000000 bytes")
      }
    }
  }

  private static func isPing(_ request: [UInt8]) -> Bool { String(decoding: request, as: UTF8.self).contains("PING") }
}

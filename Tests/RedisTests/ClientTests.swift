import EventLoops
import Redis
import TestSupport
import Testing

@Suite("RedisClient", .timeLimit(.minutes(2)))
struct ClientTests {
  private func withClient(
    _ adjust: @escaping @Sendable (inout RedisConfiguration) -> Void = { _ in },
    _ body: @escaping @Sendable (RedisClient, EventLoop) async throws -> Void
  ) async throws {
    let url = try TestRedis.shared.get().url
    try await withEventLoop { loop in
      var configuration = try RedisConfiguration(url: url)
      adjust(&configuration)
      let client = RedisClient(loop: loop, configuration: configuration)
      defer { client.close() }
      try await body(client, loop)
    }
  }

  @Test func valuesComeBackAsTheyWere() async throws {
    let big = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try await withClient { client, _ in
      let awkward: [[UInt8]] = [[], [0], [0xFF, 0xFE, 0, 13, 10], Array("$5\r\nhello\r\n".utf8), big]
      for (index, value) in awkward.enumerated() {
        try await client.set("values:\(index)", .bytes(value), ttlMilliseconds: 60_000)
        #expect(try await client.get("values:\(index)") == value)
      }
      #expect(try await client.get("values:none") == nil)
    }
  }

  @Test func conveniences() async throws {
    try await withClient { client, _ in
      try await client.del("c:h", "c:s")
      #expect(try await client.hset("c:h", [("a", 1), ("b", "zwei")]) == 2)
      #expect(try await client.hgetall("c:h") == ["a": Array("1".utf8), "b": Array("zwei".utf8)])
      #expect(try await client.expire("c:h", milliseconds: 60_000))
      #expect(try await !client.expire("c:none", milliseconds: 60_000))
      #expect(try await client.set("c:s", "x", onlyIfAbsent: true))
      #expect(try await !client.set("c:s", "y", onlyIfAbsent: true))
      #expect(try await client.getString("c:s") == "x")
      let reply = try await client.eval("return {KEYS[1], ARGV[1], 7}", keys: ["k"], arguments: ["v"])
      #expect(reply == .array([.bytes(Array("k".utf8)), .bytes(Array("v".utf8)), .integer(7)]))
      #expect(try await client.del("c:h", "c:s", "c:none") == 2)
    }
  }

  @Test func aServerErrorHarmsNobodyElse() async throws {
    try await withClient { client, _ in
      try await client.set("err:s", "text")
      await #expect(throws: RedisError.self) { try await client.send(["LPUSH", "err:s", "x"]) }
      await #expect {
        try await client.send(["NOSUCHCOMMAND"])
      } throws: {
        !(($0 as? RedisError)?.isUnavailable ?? true)
      }
      let replies = try await client.pipeline([["GET", "err:s"], ["LPUSH", "err:s", "x"], ["GET", "err:s"]])
      #expect(replies.count == 3 && replies[0] == .bytes(Array("text".utf8)) && replies[2] == replies[0])
      guard case .error(let error) = replies[1] else {
        Issue.record("an error in its place")
        return
      }
      #expect(error.code == "WRONGTYPE")
    }
  }

  @Test func manyCallersShareOneConnectionAndGetTheirOwnReplies() async throws {
    try await withClient { client, loop in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<2_000 {
          group.addTask {
            let reply = try await loop.run { try await client.send(["ECHO", .int(Int64(number))]) }
            #expect(reply == .bytes(Array(String(number).utf8)))
          }
        }
        try await group.waitForAll()
      }
      #expect(client.statistics.connectionsTotal == 1 && client.statistics.waiting == 0)
    }
  }

  @Test func aCancelledCallEndsAtOnceAndTheNextOnesGetTheirOwnReplies() async throws {
    try await withClient { client, loop in
      let slow = Task(executorPreference: loop) { try await client.eval(Self.busyScript, keys: [], arguments: [600]) }
      try await loop.sleep(milliseconds: 50)
      slow.cancel()
      let started = loop.nowNanoseconds
      await #expect(throws: CancellationError.self) { try await slow.value }
      #expect(loop.nowNanoseconds - started < 500_000_000, "the script runs for longer")
      #expect(try await client.send(["ECHO", "after"]) == .bytes(Array("after".utf8)))
    }
  }

  @Test func aCallCancelledBeforeItBeginsIsNotWaitedFor() async throws {
    try await withClient { client, loop in
      let task = Task(executorPreference: loop) { try await client.ping() }
      task.cancel()
      _ = await task.result
      try await client.ping()
    }
  }

  @Test func tooManyCommandsAreRefused() async throws {
    try await withClient({ $0.commandsMax = 10 }) { client, loop in
      try await client.ping()
      let answered = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<50 {
          group.addTask { (try? await loop.run { try await client.eval(Self.busyScript, keys: [], arguments: [20]) }) != nil }
        }
        return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      #expect(answered >= 10 && answered < 50)
      try await client.ping()
    }
  }

  @Test func aFrozenServerMeansTimeoutThenRecovery() async throws {
    let server = try TestRedis()
    defer { server.stop() }
    try await withEventLoop { loop in
      var configuration = try RedisConfiguration(url: server.url)
      configuration.commandTimeoutMilliseconds = 300
      configuration.connectTimeoutMilliseconds = 300
      let client = RedisClient(loop: loop, configuration: configuration)
      defer { client.close() }
      try await client.ping()
      server.freeze()
      let started = loop.nowNanoseconds
      await #expect(throws: RedisError.timeout(milliseconds: 300)) { try await client.ping() }
      #expect(loop.nowNanoseconds - started < 1_000_000_000)
      server.thaw()
      try await eventually(on: loop) { (try? await client.ping()) != nil }
    }
  }

  @Test func aKilledServerFailsFastAndIsFoundAgain() async throws {
    let server = try TestRedis()
    defer { server.stop() }
    try await withEventLoop { loop in
      let client = RedisClient(loop: loop, configuration: try RedisConfiguration(url: server.url))
      defer { client.close() }
      try await client.ping()
      let load = LoadGenerator(on: loop, atATime: 20) { number in
        try await client.send(["ECHO", .int(number)]) == .bytes(Array(String(number).utf8))
      }
      try await eventually(on: loop) { load.succeeded > 100 }
      #expect(load.failed == 0)
      server.kill9()
      try await eventually(on: loop) { client.unavailableReason != nil }
      let started = loop.nowNanoseconds
      await #expect {
        try await client.ping()
      } throws: {
        ($0 as? RedisError)?.isUnavailable ?? false
      }
      #expect(loop.nowNanoseconds - started < 500_000_000, "an absent server is not waited for")
      try await loop.offload { try server.restart() }
      try await eventually(on: loop) { (try? await client.ping()) != nil }
      let before = load.succeeded
      try await eventually(on: loop) { load.succeeded > before + 100 }
      try await load.stop(on: loop)
      #expect(load.failed > 0)
      #expect(client.statistics.connectionsTotal >= 2)
    }
  }

  @Test func aNameAndAPasswordOverTCP() async throws {
    let server = try TestRedis(password: "p@ss word")
    defer { server.stop() }
    try await withEventLoop { loop in
      // `localhost` is ::1 first on most machines, and the server listens on IPv4 only.
      let client = RedisClient(loop: loop, configuration: try RedisConfiguration(url: server.url))
      defer { client.close() }
      try await client.set("a", "b")
      #expect(try await client.getString("a") == "b")
    }
  }

  @Test func afterCloseEverythingIsRefused() async throws {
    try await withClient { client, _ in
      try await client.ping()
      client.close()
      await #expect(throws: RedisError.closed) { try await client.ping() }
      client.close()
    }
  }

  @Test func aWrongPasswordIsUnavailableAndSaysWhy() async throws {
    try await withClient({ $0.password = "wrong" }) { client, _ in
      await #expect {
        try await client.ping()
      } throws: {
        "\($0)".contains("AUTH") || "\($0)".contains("WRONGPASS")
      }
    }
  }

  private static let busyScript = """
    local start = redis.call('TIME')
    repeat
      local now = redis.call('TIME')
    until (now[1] - start[1]) * 1000 + (now[2] - start[2]) / 1000 >= tonumber(ARGV[1])
    return 1
    """
}

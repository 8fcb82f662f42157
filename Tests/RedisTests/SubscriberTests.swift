import EventLoops
import Redis
import TestSupport
import Testing

@Suite("RedisSubscriber", .timeLimit(.minutes(2)))
struct SubscriberTests {
  @Test func readersOfAChannelEachGetEveryMessage() async throws {
    let url = try TestRedis.shared.get().url
    try await withEventLoop { loop in
      let client = RedisClient(loop: loop, configuration: try RedisConfiguration(url: url))
      let subscriber = RedisSubscriber(loop: loop, configuration: try RedisConfiguration(url: url))
      defer {
        client.close()
        subscriber.close()
      }
      let first = try subscriber.subscribe("s:one")
      let second = try subscriber.subscribe("s:one")
      let other = try subscriber.subscribe("s:other")
      for reader in [first, second, other] { #expect(try await reader.next(timeoutMilliseconds: 5_000) == .live) }
      for number in 0..<100 { try await client.publish("s:one", .bytes([0, 0xFF, UInt8(number)])) }
      for number in 0..<100 {
        let expected = RedisSubscriptionEvent.message([0, 0xFF, UInt8(number)])
        #expect(try await first.next(timeoutMilliseconds: 5_000) == expected)
        #expect(try await second.next(timeoutMilliseconds: 5_000) == expected)
      }
      second.cancel()
      #expect(try await second.next() == nil)
      first.cancel()
      try await eventually(on: loop) { try await client.publish("s:one", "x") == 0 }
      let again = try subscriber.subscribe("s:one")
      #expect(try await again.next(timeoutMilliseconds: 5_000) == .live)
      try await client.publish("s:one", "y")
      #expect(try await again.next(timeoutMilliseconds: 5_000) == .message(Array("y".utf8)))
      await #expect(throws: TimeoutError.self) { try await other.next(timeoutMilliseconds: 20) }
    }
  }

  @Test func subscriptionsSurviveTheServer() async throws {
    let server = try TestRedis()
    defer { server.stop() }
    try await withEventLoop { loop in
      let client = RedisClient(loop: loop, configuration: try RedisConfiguration(url: server.url))
      let subscriber = RedisSubscriber(loop: loop, configuration: try RedisConfiguration(url: server.url))
      defer {
        client.close()
        subscriber.close()
      }
      let readers = try (0..<600).map { try subscriber.subscribe("r:\($0)") }
      for reader in readers { #expect(try await reader.next(timeoutMilliseconds: 5_000) == .live) }
      server.kill9()
      for reader in readers { #expect(try await reader.next(timeoutMilliseconds: 5_000) == .interrupted) }
      let late = try subscriber.subscribe("r:late")
      #expect(try await late.next(timeoutMilliseconds: 5_000) == .interrupted, "a reader that comes while the server is away is told")
      try await loop.offload { try server.restart() }
      for reader in readers + [late] { #expect(try await reader.next(timeoutMilliseconds: 10_000) == .live) }
      try await eventually(on: loop) { (try? await client.publish("r:599", "back")) == 1 }
      #expect(try await readers[599].next(timeoutMilliseconds: 5_000) == .message(Array("back".utf8)))
    }
  }

  @Test func aSlowReaderIsToldThatItMissedMessages() async throws {
    let url = try TestRedis.shared.get().url
    try await withEventLoop { loop in
      let client = RedisClient(loop: loop, configuration: try RedisConfiguration(url: url))
      let subscriber = RedisSubscriber(loop: loop, configuration: try RedisConfiguration(url: url), eventsMax: 8)
      defer {
        client.close()
        subscriber.close()
      }
      let slow = try subscriber.subscribe("s:slow")
      let probe = try subscriber.subscribe("s:probe")
      #expect(try await slow.next(timeoutMilliseconds: 5_000) == .live)
      #expect(try await probe.next(timeoutMilliseconds: 5_000) == .live)
      for number in 0..<20 { try await client.publish("s:slow", .int(Int64(number))) }
      try await client.publish("s:probe", "done")
      _ = try await probe.next(timeoutMilliseconds: 5_000)
      var events: [RedisSubscriptionEvent] = []
      while let event = try? await slow.next(timeoutMilliseconds: 50) { events.append(event) }
      #expect(events.count <= 8 && events.contains(.live) && !events.contains(.message(Array("0".utf8))))
    }
  }

  @Test func closingEndsTheReaders() async throws {
    let url = try TestRedis.shared.get().url
    try await withEventLoop { loop in
      let subscriber = RedisSubscriber(loop: loop, configuration: try RedisConfiguration(url: url))
      let reader = try subscriber.subscribe("s:close")
      #expect(try await reader.next(timeoutMilliseconds: 5_000) == .live)
      let waiting = loop.spawn { #expect((try? await reader.next()) == .some(nil)) }
      subscriber.close()
      await waiting.value
      #expect(throws: RedisError.closed) { try subscriber.subscribe("s:close") }
    }
  }
}

import EventLoops
import Redis
import TestSupport
import Testing

@testable import Gateway

/// Token buckets in a real Redis.
@Suite(.timeLimit(.minutes(1))) struct RateLimitTests {
  @Test func aBucketEmptiesAndFills() async throws {
    let redis = try TestRedis()
    defer { redis.stop() }
    try await withEventLoop { loop in
      let client = RedisClient(loop: loop, configuration: try RedisConfiguration(url: redis.url))
      defer { client.close() }
      let limiter = RedisRateLimiter(client: client, loop: loop)
      // Two gateways count together.
      let other = RedisRateLimiter(client: client, loop: loop)
      let rule = RateRule(requestsPerSecond: 20)
      var allowed = 0
      var denied: RateVerdict?
      for index in 0..<60 {
        let verdict = await (index % 2 == 0 ? limiter : other).take("acc_1", rule)
        if verdict == .allowed { allowed += 1 } else { denied = verdict }
      }
      #expect(allowed >= 40 && allowed < 60)
      if case .denied(let milliseconds)? = denied { #expect((1...51).contains(milliseconds)) } else { Issue.record("nothing was denied") }
      #expect(await limiter.take("acc_2", rule) == .allowed)
      try await loop.sleep(milliseconds: 120)
      #expect(await limiter.take("acc_1", rule) == .allowed)
    }
  }

  @Test func withoutRedisNothingIsLimited() async throws {
    let redis = try TestRedis()
    defer { redis.stop() }
    try await withEventLoop { loop in
      var configuration = try RedisConfiguration(url: redis.url)
      configuration.commandTimeoutMilliseconds = 100
      let client = RedisClient(loop: loop, configuration: configuration)
      defer { client.close() }
      let limiter = RedisRateLimiter(client: client, loop: loop)
      let rule = RateRule(requestsPerSecond: 1)
      #expect(await limiter.take("acc_1", rule) == .allowed)
      redis.freeze()
      let start = loop.nowNanoseconds
      for _ in 0..<100 { #expect(await limiter.take("acc_1", rule) == .allowed) }
      // One time-out, not a hundred.
      #expect(loop.nowNanoseconds - start < 1_000_000_000)
      redis.thaw()
    }
  }
}

import EventLoops
import Redis

/// Token buckets in Redis, shared by all gateways. Loop thread only.
///
/// While Redis is away nothing is limited, and it is asked only now and then, so that requests do not wait for it.
final class RedisRateLimiter: RateLimiter, @unchecked Sendable {
  private let client: RedisClient
  private let loop: EventLoop
  private var restUntilNanoseconds: UInt64 = 0

  private static let restNanoseconds: UInt64 = 1_000_000_000

  /// - Parameter client: with a short command timeout.
  init(client: RedisClient, loop: EventLoop) {
    self.client = client
    self.loop = loop
  }

  /// The server's clock counts, so that gateways whose clocks differ agree.
  private static let script = """
    local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
    local tokens = tonumber(bucket[1]) or burst
    local at = tonumber(bucket[2]) or now
    tokens = math.min(burst, tokens + math.max(0, now - at) * rate / 1000)
    local wait = 0
    if tokens >= 1 then tokens = tokens - 1 else wait = math.ceil((1 - tokens) * 1000 / rate) end
    redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', now)
    redis.call('PEXPIRE', KEYS[1], math.ceil(burst / rate * 1000) + 1000)
    return wait
    """

  func take(_ key: String, _ rule: RateRule) async -> RateVerdict {
    guard loop.nowNanoseconds >= restUntilNanoseconds else { return .allowed }
    do {
      let answer = try await client.eval(
        Self.script, keys: ["rate:{\(key)}"], arguments: [.string("\(rule.ratePerSecond)"), .string("\(rule.burst)")])
      let wait = try answer.integer
      return wait <= 0 ? .allowed : .denied(retryAfterMilliseconds: UInt64(wait))
    } catch {
      restUntilNanoseconds = loop.nowNanoseconds + Self.restNanoseconds
      return .allowed
    }
  }
}

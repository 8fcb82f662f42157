import Accounts
import EventLoops
import Logging
import Redis

/// What the program puts together without seeing its parts.
public enum GatewayBook {
  /// API keys from the database.
  public static func make(directory: AccountDirectory, log: Logger) -> any CallerBook { AccountBook(directory: directory, log: log) }

  /// Rates counted in Redis. The client should have a short command timeout.
  public static func limiter(redis: RedisClient, loop: EventLoop) -> any RateLimiter { RedisRateLimiter(client: redis, loop: loop) }
}

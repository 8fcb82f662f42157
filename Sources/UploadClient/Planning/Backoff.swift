/// How long to wait before trying again: doubling, with jitter over the whole span so that clients do not return together.
public struct Backoff: Sendable {
  public static let firstMilliseconds: UInt64 = 250
  public static let longestMilliseconds: UInt64 = 15_000

  /// Failures in a row.
  public private(set) var failures = 0

  public init() {}

  public mutating func succeeded() { failures = 0 }

  /// Milliseconds to wait after one more failure. A server's `Retry-After` is a lower bound, itself bounded to a minute.
  public mutating func failed(retryAfterSeconds: UInt64? = nil, random: inout some RandomNumberGenerator) -> UInt64 {
    let ceiling = min(Self.longestMilliseconds, Self.firstMilliseconds << UInt64(min(failures, 10)))
    failures += 1
    let wait = UInt64.random(in: ceiling / 2...ceiling, using: &random)
    return max(wait, min(retryAfterSeconds ?? 0, 60) * 1_000)
  }
}

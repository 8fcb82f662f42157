/// A token bucket: `ratePerSecond` flow in, `burst` fit.
public struct RateRule: Sendable, Equatable {
  public var ratePerSecond: UInt32
  public var burst: UInt32

  /// Two seconds' worth at once: clients start their senders together.
  public init(requestsPerSecond: UInt32) {
    ratePerSecond = max(1, requestsPerSecond)
    burst = max(10, ratePerSecond.multipliedReportingOverflow(by: 2).overflow ? .max : ratePerSecond * 2)
  }
}

public enum RateVerdict: Sendable, Equatable {
  case allowed
  /// Come back after so long.
  case denied(retryAfterMilliseconds: UInt64)

  /// For Retry-After, rounded up.
  public var retryAfterSeconds: UInt32 {
    guard case .denied(let milliseconds) = self else { return 0 }
    return UInt32(clamping: max(1, (milliseconds + 999) / 1000))
  }
}

/// Counts requests over all gateways. Answers `allowed` where it cannot count: a limit is no reason to stop the service.
public protocol RateLimiter: Sendable {
  func take(_ key: String, _ rule: RateRule) async -> RateVerdict
}

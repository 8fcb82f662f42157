/// When, how often and after which pause a failed call is made again (gRFC A6).
///
/// Only a call whose answer has not begun is repeated, and only for methods that may run twice: the server can have done its work
/// before the connection broke. What a server has certainly not looked at is repeated without any policy.
public struct RetryPolicy: Sendable, Equatable {
  /// Attempts in all, with the first one: from 2 to 5, as in gRPC; what lies outside is moved there.
  public var attemptsMax: Int {
    didSet { attemptsMax = RetryPolicy.clamped(attemptsMax) }
  }
  /// The pause before the second attempt; each further one is `backoffMultiplier` times longer, up to the maximum. Each is drawn from a
  /// fifth below to a fifth above that.
  public var backoffInitialMilliseconds: UInt64
  public var backoffMaxMilliseconds: UInt64
  public var backoffMultiplier: Double
  /// The statuses that are worth another attempt.
  public var retryableCodes: Set<StatusCode>

  public init(
    attemptsMax: Int = 4, backoffInitialMilliseconds: UInt64 = 50, backoffMaxMilliseconds: UInt64 = 1_000, backoffMultiplier: Double = 2,
    retryableCodes: Set<StatusCode> = [.unavailable]
  ) {
    self.attemptsMax = RetryPolicy.clamped(attemptsMax)
    self.backoffInitialMilliseconds = backoffInitialMilliseconds
    self.backoffMaxMilliseconds = backoffMaxMilliseconds
    self.backoffMultiplier = backoffMultiplier
    self.retryableCodes = retryableCodes
  }

  private static func clamped(_ attempts: Int) -> Int { min(max(attempts, 2), 5) }

  /// The pause before the attempt after `failures` failed ones. `chance` is random in 0..<1.
  func pauseMilliseconds(failures: Int, chance: Double) -> UInt64 {
    var pause = Double(backoffInitialMilliseconds)
    for _ in 1..<max(failures, 1) { pause *= max(backoffMultiplier, 1) }
    return UInt64(min(pause, Double(backoffMaxMilliseconds)) * (0.8 + 0.4 * min(max(chance, 0), 1)))
  }
}

/// Stops retries while most calls of a channel fail (gRFC A6): a failure takes a token, a success gives a part of one back, and
/// nothing is repeated while half of the tokens or fewer are left.
public struct RetryThrottling: Sendable, Equatable {
  /// 1 to 1000.
  public var tokensMax: Int
  /// What a success gives back; counted in thousandths.
  public var tokenRatio: Double

  public init(tokensMax: Int = 10, tokenRatio: Double = 0.1) {
    self.tokensMax = min(max(tokensMax, 1), 1_000)
    self.tokenRatio = tokenRatio
  }
}

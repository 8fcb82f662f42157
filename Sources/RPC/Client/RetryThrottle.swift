/// The tokens of one channel's `RetryThrottling`, in thousandths.
struct RetryThrottle {
  private let maximum: Int
  private let gain: Int
  private(set) var tokens: Int

  init(_ configuration: RetryThrottling) {
    maximum = configuration.tokensMax * 1_000
    gain = Int(min(max(configuration.tokenRatio, 0), 1_000) * 1_000)
    tokens = maximum
  }

  mutating func succeeded() { tokens = min(tokens + gain, maximum) }
  mutating func failed() { tokens = max(tokens - 1_000, 0) }
  var allowsRetries: Bool { tokens > maximum / 2 }
}

/// How long to wait before trying a server again: doubles up to a maximum, with jitter so that many clients do not come back at once.
public struct ReconnectBackoff: Sendable {
  private let initialMilliseconds: UInt64
  private let maximumMilliseconds: UInt64
  private var nextMilliseconds: UInt64

  public init(initialMilliseconds: UInt64, maximumMilliseconds: UInt64) {
    self.initialMilliseconds = max(1, initialMilliseconds)
    self.maximumMilliseconds = max(self.initialMilliseconds, maximumMilliseconds)
    nextMilliseconds = self.initialMilliseconds
  }

  /// The delay after one more failure. `chance` is random in 0..<1; the delay lies between half the current step and all of it.
  public mutating func nextDelayMilliseconds(chance: Double) -> UInt64 {
    let step = nextMilliseconds
    nextMilliseconds = min(maximumMilliseconds, step.multipliedReportingOverflow(by: 2).partialValue)
    return step - UInt64(Double(step) / 2 * min(max(chance, 0), 1))
  }

  /// The server answered: the next failure starts from the initial delay again.
  public mutating func reset() { nextMilliseconds = initialMilliseconds }
}

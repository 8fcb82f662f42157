/// How one attempt at a call failed.
struct FailedAttempt {
  let error: RPCError
  /// The server has certainly not looked at it.
  var isUnseen = false
  /// The answer had begun: messages may have been handed on.
  var isCommitted = false
  /// What the server said about trying again.
  var pushback: RetryPushback?
}

/// The attempts at one call so far, and whether there is another one. Public only for code specialised across modules.
@usableFromInline struct RetryState {
  private let policy: RetryPolicy?
  /// Attempts that the policy repeated; goes as `grpc-previous-rpc-attempts`.
  private(set) var previousAttempts = 0
  /// Attempts that no server looked at.
  private var refusals = 0
  private var failuresSincePushback = 0
  /// The pause before the attempt that comes next.
  @usableFromInline private(set) var pauseMilliseconds: UInt64 = 0

  @usableFromInline init(_ policy: RetryPolicy?) { self.policy = policy }

  /// Whether to try again after `failure`, when `pauseMilliseconds` have passed. In the order of gRFC A6: even where nothing is repeated,
  /// a failure costs the channel a token.
  mutating func allowsAnother(_ failure: FailedAttempt, _ channel: RPCChannel, deadlineNanoseconds: UInt64?) -> Bool {
    if failure.isUnseen, refusals + 1 < channel.configuration.transparentAttemptsMax {
      refusals += 1
      pauseMilliseconds = 0
      return true
    }
    guard let policy, policy.retryableCodes.contains(failure.error.code) else { return false }
    channel.throttle?.failed()
    guard channel.throttle?.allowsRetries ?? true, !failure.isCommitted, previousAttempts + 1 < policy.attemptsMax else { return false }
    switch failure.pushback {
    case .never?: return false
    case .afterMilliseconds(let pause)?:
      pauseMilliseconds = pause
      failuresSincePushback = 0
    case nil:
      failuresSincePushback += 1
      pauseMilliseconds = policy.pauseMilliseconds(failures: failuresSincePushback, chance: .random(in: 0..<1))
    }
    // An attempt that could only begin after the deadline would replace a status that says something by one that does not.
    if let deadlineNanoseconds {
      let (pause, overflow) = pauseMilliseconds.multipliedReportingOverflow(by: 1_000_000)
      let now = channel.loop.nowNanoseconds
      guard !overflow, now < deadlineNanoseconds, pause < deadlineNanoseconds - now else { return false }
    }
    previousAttempts += 1
    return true
  }
}

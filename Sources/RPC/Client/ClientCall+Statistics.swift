import EventLoops

/// One attempt at a call, for statistics.
struct CountedAttempt {
  let counts: RPCMethodStatistics
  let begunNanoseconds: UInt64
  let sentBytesBefore: UInt64
  let receivedBytesBefore: UInt64
}

extension ClientCall {
  func attemptBegan(_ counts: RPCMethodStatistics?) {
    guard let counts else { return }
    counts.attemptStarted()
    attempt = CountedAttempt(
      counts: counts, begunNanoseconds: loop.nowNanoseconds, sentBytesBefore: type == .unary ? 0 : sentMessageBytes,
      receivedBytesBefore: receivedMessageBytes)
  }

  /// Counts the attempt that runs, if one does.
  @usableFromInline func attemptEnded(_ code: StatusCode) {
    guard let attempt else { return }
    self.attempt = nil
    attempt.counts.attemptEnded(
      code, nanoseconds: loop.nowNanoseconds &- attempt.begunNanoseconds, sentBytes: sentMessageBytes &- attempt.sentBytesBefore,
      receivedBytes: receivedMessageBytes &- attempt.receivedBytesBefore)
  }
}

import EventLoops
import HTTP2

extension ClientCall {
  // MARK: One attempt has failed

  /// A connection to begin at could not be had.
  func found(noConnection error: any Error) {
    if let error = error as? RPCError { failedAttempt = FailedAttempt(error: error) }
  }

  /// Whether the whole call is to be made again by whoever made it. Once its streams were in somebody's hands it is not.
  @usableFromInline func mayRepeat(_ retry: inout RetryState, _ channel: RPCChannel) -> Bool {
    guard let failedAttempt, type == .unary || !wasOpened else { return false }
    return retry.allowsAnother(failedAttempt, channel, deadlineNanoseconds: deadlineNanoseconds)
  }

  /// Notes how the attempt failed; true if the call goes on with another one.
  func repeats(after error: RPCError) -> Bool {
    let trailing = isTrailersOnly ? headers["grpc-retry-pushback-ms"] : trailers["grpc-retry-pushback-ms"]
    let failure = FailedAttempt(
      error: error, isUnseen: !isOpen && !receivedHeaders && !wasReset && closeCode == .refusedStream,
      isCommitted: receivedHeaders && !isTrailersOnly, pushback: trailing.map { RetryPushback($0) })
    failedAttempt = failure
    guard let replay, replay.allowsAnother(failure) else { return false }
    attemptEnded(error.code)
    state = .retrying
    if isOpen {
      wasReset = true
      reset(.cancel)
    }
    return true
  }

  // MARK: The next one

  /// The stream of the last attempt is closed. Writers go on at once: what they write waits for the next connection.
  func beginAgain() {
    guard case .retrying = state, let replay, !replay.isTooLarge else {
      state = .running
      return settle(failedAttempt?.error ?? RPCError(.unavailable, "the call cannot be repeated"))
    }
    countMessages()
    recycle()
    forgetInput()
    receivedHeaders = false
    wasReset = false
    isTrailersOnly = false
    replay.copy(to: &output)
    if replay.isFinished { finish() }
    wakeAll()
    replay.begin(self)
  }

  /// The attempt after a pause did not come to a connection.
  func couldNotStart(_ error: any Error) {
    guard case .retrying = state else { return }
    state = .running
    settle(error as? RPCError ?? RPCError(.cancelled, "the call was cancelled"))
    if case .retrying = state { beginAgain() }
  }

  // MARK: What is kept for it

  func keep(_ replay: CallReplay) {
    self.replay = replay
    keepsMessages = true
  }

  func keepMessage(from start: Int) {
    guard let replay else { return }
    let isKept = output.withUnsafeBytes { replay.keep(UnsafeRawBufferPointer(rebasing: $0[start...])) }
    if !isKept { keepsMessages = false }
  }

  func dropReplay() {
    guard let replay else { return }
    replay.stop()
    self.replay = nil
    keepsMessages = false
  }
}

import EventLoops

/// The deadline of one call. It belongs to the call, which calls it off at its end and uses it again in its next life.
final class CallDeadline: LoopAlarm {
  // The call owns the alarm and calls it off in its deinit at the latest.
  private unowned(unsafe) let call: RPCStream

  init(_ call: RPCStream) {
    self.call = call
    super.init(loop: call.loop)
  }

  override func fire() { call.deadlinePassed() }
}

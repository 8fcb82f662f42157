import EventLoops

/// Looks now and then whether those who wait for an answer on one connection were cancelled: most answers come so soon that it costs less than
/// having oneself told (`withTaskCancellationHandler`). Who waits for longer is woken, and waits on in that way.
final class AnswerWatch: LoopAlarm {
  private static let intervalNanoseconds: UInt64 = 10_000_000
  /// After so many looks a wait is a long one.
  static let looksMax = 10

  // The connection owns it and calls it off when it closes, or else in its deinit.
  private unowned(unsafe) let connection: ClientConnection
  private unowned(unsafe) let clock: EventLoop

  init(_ connection: ClientConnection) {
    self.connection = connection
    clock = connection.loop
    super.init(loop: connection.loop)
  }

  func begin() { set(atNanoseconds: clock.nowNanoseconds &+ Self.intervalNanoseconds) }

  override func fire() {
    if connection.lookAfterWaits() { begin() }
  }
}

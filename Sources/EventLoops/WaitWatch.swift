/// Looks at an owner's waits now and then, while there are any: for a wait that nearly always is over in a few milliseconds, having oneself told of
/// the task's cancellation (`withTaskCancellationHandler`) costs more than it should, and so does a timer of its own. Loop thread only.
public final class WaitWatch: LoopAlarm {
  private let periodNanoseconds: UInt64
  private unowned(unsafe) let loop: EventLoop
  /// Only while somebody waits, so that neither keeps the other alive for long. (A weak reference would make every retain of the owner slower.)
  private var look: (() -> Bool)?

  /// - Parameter periodMilliseconds: how long a cancelled caller may go on waiting, and by how much a time-out may be late.
  public init(loop: EventLoop, periodMilliseconds: UInt64) {
    self.loop = loop
    periodNanoseconds = periodMilliseconds * 1_000_000
    super.init(loop: loop)
  }

  /// Begins to look; for one that is not set. It goes on by itself.
  /// - Parameter look: ends the waits whose time is over or whose task was cancelled; false if no others are left, which then is the last look.
  public func start(_ look: @escaping () -> Bool) {
    self.look = look
    set(atNanoseconds: loop.nowNanoseconds + periodNanoseconds)
  }

  public func stop() {
    cancel()
    look = nil
  }

  public override func fire() {
    guard let look else { return }
    self.look = nil
    // What it ended may have led to other waits, for which it was started again.
    if look(), !isSet { start(look) }
  }
}

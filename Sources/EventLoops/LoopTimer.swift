/// A closure that an event loop will run once. Loop thread only.
public final class LoopTimer {
  private let alarm: ClosureAlarm

  fileprivate init(_ alarm: ClosureAlarm) { self.alarm = alarm }

  /// Nothing happens any more, and the closure is let go of; fine after it ran, fine twice.
  public func cancel() {
    alarm.cancel()
    alarm.body = nil
  }
}

private final class ClosureAlarm: LoopAlarm {
  var body: (() -> Void)?

  init(loop: EventLoop, body: @escaping () -> Void) {
    self.body = body
    super.init(loop: loop)
  }

  override func fire() {
    let body = body
    self.body = nil
    body?()
  }
}

extension EventLoop {
  /// Timers that are set and have not fired. Loop thread only.
  public var pendingTimers: Int { timers.count }

  /// Runs `body` on the loop after `afterMilliseconds`, never earlier. Loop thread only.
  public func schedule(afterMilliseconds: UInt64, _ body: @escaping () -> Void) -> LoopTimer {
    let (nanoseconds, overflow) = afterMilliseconds.multipliedReportingOverflow(by: 1_000_000)
    let (deadline, late) = nowNanoseconds.addingReportingOverflow(nanoseconds)
    let alarm = ClosureAlarm(loop: self, body: body)
    alarm.set(atNanoseconds: overflow || late ? .max : deadline)
    return LoopTimer(alarm)
  }

  func fireTimers(now: UInt64) {
    while let alarm = timers.popExpired(now: now) { alarm.fire() }
  }
}

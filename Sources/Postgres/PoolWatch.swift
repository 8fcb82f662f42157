import EventLoops

/// Looks at a pool's waits now and then, while there are any: for a wait that is over in a few milliseconds as a rule, being told of the
/// task's cancellation costs more than it should. Loop thread only.
final class PoolWatch: LoopAlarm {
  /// How long a cancelled caller may go on waiting, and by how much a time-out may be late.
  static let periodNanoseconds: UInt64 = 20_000_000

  /// Only while somebody waits, so that neither keeps the other alive for long. (A weak reference would make every retain of the pool slower.)
  private var pool: PostgresPool?
  private unowned(unsafe) let loop: EventLoop

  override init(loop: EventLoop) {
    self.loop = loop
    super.init(loop: loop)
  }

  @inline(__always)
  func start(for pool: PostgresPool) {
    if !isSet { set(for: pool) }
  }

  private func set(for pool: PostgresPool) {
    self.pool = pool
    set(atNanoseconds: loop.nowNanoseconds + Self.periodNanoseconds)
  }

  func stop() {
    cancel()
    pool = nil
  }

  override func fire() {
    let pool = pool
    self.pool = nil
    pool?.lookAtWaits()
  }
}

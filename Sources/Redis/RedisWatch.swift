import EventLoops

/// Looks at a client's waits now and then, while there are any: for a wait that nearly always is over in a millisecond, being told of the
/// task's cancellation costs more than the whole command. Loop thread only.
final class RedisWatch: LoopAlarm {
  /// How long a cancelled caller may go on waiting, and by how much a time-out may be late.
  static let periodNanoseconds: UInt64 = 20_000_000

  /// Only while somebody waits, so that neither keeps the other alive for long. (A weak reference would make every retain of the client slower.)
  private var client: RedisClient?
  private unowned(unsafe) let loop: EventLoop

  override init(loop: EventLoop) {
    self.loop = loop
    super.init(loop: loop)
  }

  func start(for client: RedisClient) {
    self.client = client
    set(atNanoseconds: loop.nowNanoseconds + Self.periodNanoseconds)
  }

  func stop() {
    cancel()
    client = nil
  }

  override func fire() {
    let client = client
    self.client = nil
    client?.lookAtWaits()
  }
}

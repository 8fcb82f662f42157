/// Something that happens at a moment unless it is called off: a timer without an allocation, for owners that need one again and again.
///
/// Subclass it and override `fire`. The loop keeps an alarm alive while it is set. Loop thread only.
open class LoopAlarm {
  private unowned(unsafe) final let loop: EventLoop
  /// Its place in the loop's heap; negative while it is not set.
  final var heapIndex = -1

  public init(loop: EventLoop) { self.loop = loop }

  /// The moment has come. The alarm is not set any more and may be set again.
  open func fire() {}

  public final var isSet: Bool { heapIndex >= 0 }

  /// Calls `fire` once the monotonic clock has reached `nanoseconds`, never earlier. An alarm that is set already is set anew.
  public final func set(atNanoseconds nanoseconds: UInt64) {
    precondition(loop.isCurrent, "timers belong to the loop's thread")
    if isSet { loop.timers.remove(self) }
    loop.timers.insert(self, deadline: nanoseconds)
  }

  /// Nothing happens any more; fine after it fired, fine twice.
  @inline(__always) public final func cancel() {
    if isSet { loop.timers.remove(self) }
  }
}

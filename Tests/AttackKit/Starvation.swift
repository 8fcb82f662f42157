import EventLoops
import Glibc
import Synchronization

/// How long a loop had nothing to run on: what a busy machine adds to every time that a test may expect. Time in which the loop itself was at
/// work does not count, however long it kept others waiting.
public final class Starvation: Sendable {
  private let lostMicroseconds = Atomic<Int>(0)
  private let isStopped = Atomic<Bool>(false)

  private static let tickMilliseconds: UInt64 = 100
  /// Timers are this late on any machine.
  private static let usualMicroseconds = 5_000

  /// Watches `loop` from now on, until `stop`.
  public init(of loop: EventLoop) {
    loop.execute {
      loop.spawn { [self] in
        while !isStopped.load(ordering: .relaxed) {
          let (wall, work) = (Self.microseconds(CLOCK_MONOTONIC), Self.microseconds(CLOCK_THREAD_CPUTIME_ID))
          // Fails only where the loop ends.
          guard (try? await loop.sleep(milliseconds: Self.tickMilliseconds)) != nil else { return }
          let late = Self.microseconds(CLOCK_MONOTONIC) - wall - Int(Self.tickMilliseconds) * 1_000
          let lost = late - (Self.microseconds(CLOCK_THREAD_CPUTIME_ID) - work)
          if lost > Self.usualMicroseconds { lostMicroseconds.add(lost, ordering: .relaxed) }
        }
      }
    }
  }

  public var milliseconds: Int { lostMicroseconds.load(ordering: .relaxed) / 1_000 }

  public func stop() { isStopped.store(true, ordering: .relaxed) }

  private static func microseconds(_ clock: clockid_t) -> Int {
    var time = timespec()
    clock_gettime(clock, &time)
    return time.tv_sec * 1_000_000 + time.tv_nsec / 1_000
  }
}

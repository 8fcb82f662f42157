import Glibc

enum Clock {
  /// Seconds of the monotonic clock.
  static func now() -> Double { seconds(CLOCK_MONOTONIC) }

  /// Processor time of all threads of a process so far.
  static func processorSeconds(of process: pid_t) -> Double {
    var clock = clockid_t()
    return clock_getcpuclockid(process, &clock) == 0 ? seconds(clock) : 0
  }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

import EventLoops
import Foundation

/// What the loops and the process itself do.
enum LoopMetrics {
  static func bind(_ loops: [EventLoop], to metrics: MetricsRegistry) {
    for loop in loops {
      let statistics = loop.statistics
      let labels = [(name: "loop", value: loop.name)]
      metrics.reading("jetty_loop_turns_total", "Event loop iterations", counts: true, labels) { Double(statistics.turns) }
      metrics.reading("jetty_loop_slow_turns_total", "Iterations whose work took over 5 ms", counts: true, labels) { Double(statistics.slowTurns) }
      metrics.reading("jetty_loop_busy_seconds_total", "Time that iterations worked; the rest was waiting", counts: true, labels) {
        Double(statistics.busyNanoseconds) / 1e9
      }
      metrics.reading("jetty_loop_longest_turn_seconds", "Longest iteration so far", labels) { Double(statistics.longestTurnNanoseconds) / 1e9 }
    }
    metrics.reading("process_resident_memory_bytes", "Resident memory") { Double(residentBytes()) }
    metrics.reading("process_cpu_seconds_total", "CPU time used", counts: true) {
      var usage = rusage()
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
    let begun = Date().timeIntervalSince1970
    metrics.reading("process_start_time_seconds", "When the process began, Unix time") { begun }
    metrics.reading("process_max_fds", "Most descriptors that may be open") {
      var limit = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      return Double(limit.rlim_cur)
    }
    metrics.reading("process_open_fds", "Open descriptors") {
      Double((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0)
    }
  }

  private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

  private static func residentBytes() -> Int {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .ascii) else { return 0 }
    let fields = text.split(separator: " ")
    guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }
}

/// Shares of a set of latencies, by counting them into steps of 0.1 us: sorting them would cost a good part of what is being measured.
struct Percentiles {
  private static let stepNanoseconds: UInt64 = 100
  /// Up to 100 ms; what takes longer counts as that.
  private static let steps = 1_000_000
  private var counts = [UInt32](repeating: 0, count: steps)
  private let total: Int

  init(_ nanoseconds: [UInt64]) {
    total = nanoseconds.count
    for latency in nanoseconds { counts[Int(min(latency / Self.stepNanoseconds, UInt64(Self.steps - 1)))] += 1 }
  }

  /// The latency, in microseconds, that `share` of all do not exceed.
  func microseconds(_ share: Double) -> Double {
    let wanted = min(total - 1, Int(Double(total) * share))
    var seen = 0
    for (step, count) in counts.enumerated() {
      seen += Int(count)
      if seen > wanted { return Double(UInt64(step + 1) * Self.stepNanoseconds) / 1_000 }
    }
    return 0
  }
}

/// How often measured values fell below each bound.
public struct RPCHistogram: Sendable {
  /// Upper bounds, in seconds or bytes.
  public let bounds: [Double]
  /// One count for each bound, and one for what lies above all of them; not cumulative.
  public let counts: [UInt64]
  public let sum: Double
}

/// The buckets of gRFC A66, "Metric details".
enum RPCBuckets {
  static let seconds: [Double] = [
    0, 0.00001, 0.00005, 0.0001, 0.0003, 0.0006, 0.0008, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01, 0.013, 0.016, 0.02, 0.025, 0.03,
    0.04, 0.05, 0.065, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65, 0.8, 1, 2, 5, 10, 20, 50, 100,
  ]
  static let nanoseconds = seconds.map { UInt64(($0 * 1e9).rounded()) }
  static let bytes: [UInt64] = [
    0, 1024, 2048, 4096, 16384, 65536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864, 268_435_456, 1_073_741_824, 4_294_967_296,
  ]

  /// The first bucket whose bound is not below `value`; `bounds.count` above all of them.
  static func index(of value: UInt64, in bounds: [UInt64]) -> Int {
    var (low, high) = (0, bounds.count)
    while low < high {
      let middle = (low + high) / 2
      if bounds[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

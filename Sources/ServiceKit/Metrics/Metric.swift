import Synchronization

/// A number that only grows. Any thread.
public final class Counter: Sendable {
  private let value = Atomic<UInt64>(0)

  public func increment(by amount: UInt64 = 1) { value.wrappingAdd(amount, ordering: .relaxed) }
  public var current: UInt64 { value.load(ordering: .relaxed) }
}

/// A number that goes up and down. Any thread.
public final class Gauge: Sendable {
  private let value = Atomic<Int64>(0)

  public func set(_ number: Int64) { value.store(number, ordering: .relaxed) }
  public func add(_ amount: Int64) { value.wrappingAdd(amount, ordering: .relaxed) }
  public var current: Int64 { value.load(ordering: .relaxed) }
}

/// How often a measured time fell below each bound. Any thread.
public final class Histogram: Sendable {
  /// Upper bounds in seconds.
  public static let bounds: [Double] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
  ]
  private static let boundsNanoseconds = bounds.map { UInt64($0 * 1e9) }
  private let buckets: [Counter]
  private let totalNanoseconds = Atomic<UInt64>(0)

  init() { buckets = (0...Self.bounds.count).map { _ in Counter() } }

  public func record(nanoseconds: UInt64) {
    var index = 0
    while index < Self.boundsNanoseconds.count && nanoseconds > Self.boundsNanoseconds[index] { index += 1 }
    buckets[index].increment()
    totalNanoseconds.wrappingAdd(nanoseconds, ordering: .relaxed)
  }

  var sample: MetricSample.Value {
    .histogram(
      bounds: Self.bounds, counts: buckets.map(\.current), sum: Double(totalNanoseconds.load(ordering: .relaxed)) / 1e9)
  }
}

/// One line (or one histogram) of a metric, as it is when somebody asks.
public struct MetricSample: Sendable {
  public enum Value: Sendable {
    case number(Double)
    /// A count for each bound and one for what lies above all of them; not cumulative.
    case histogram(bounds: [Double], counts: [UInt64], sum: Double)
  }

  public let labels: MetricsRegistry.Labels
  public let value: Value

  public init(_ labels: MetricsRegistry.Labels, _ value: Value) {
    self.labels = labels
    self.value = value
  }
}

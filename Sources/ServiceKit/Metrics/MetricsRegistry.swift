import Synchronization

/// Every metric of one process, and their text for Prometheus (exposition format 0.0.4). Any thread.
public final class MetricsRegistry: Sendable {
  /// Label names and values, in the order they are printed.
  public typealias Labels = [(name: String, value: String)]

  public enum Kind: String, Sendable {
    case counter, gauge, histogram
  }

  private enum Instrument {
    case counter(Counter)
    case gauge(Gauge)
    case histogram(Histogram)
    case reading(@Sendable () -> Double)

    var value: MetricSample.Value {
      switch self {
      case .counter(let counter): .number(Double(counter.current))
      case .gauge(let gauge): .number(Double(gauge.current))
      case .histogram(let histogram): histogram.sample
      case .reading(let read): .number(read())
      }
    }
  }

  private struct Family {
    let help: String
    let kind: Kind
    var series: [(labels: String, instrument: Instrument)] = []
    var sources: [@Sendable () -> [MetricSample]] = []
  }

  /// Most series of one family: labels that peers choose cannot fill the memory.
  private static let seriesMax = 2_000
  private let families = Mutex<[String: Family]>([:])

  public init() {}

  /// The counter of that name and those labels; made on first use. By convention the name ends in `_total`.
  public func counter(_ name: String, _ help: String, _ labels: Labels = []) -> Counter {
    let made = instrument(name, help, .counter, labels) { .counter(Counter()) }
    if case .counter(let counter) = made { return counter }
    return Counter()
  }

  public func gauge(_ name: String, _ help: String, _ labels: Labels = []) -> Gauge {
    let made = instrument(name, help, .gauge, labels) { .gauge(Gauge()) }
    if case .gauge(let gauge) = made { return gauge }
    return Gauge()
  }

  /// A histogram of seconds. By convention the name ends in `_seconds`.
  public func histogram(_ name: String, _ help: String, _ labels: Labels = []) -> Histogram {
    let made = instrument(name, help, .histogram, labels) { .histogram(Histogram()) }
    if case .histogram(let histogram) = made { return histogram }
    return Histogram()
  }

  /// A number that is read when somebody asks; `read` may run on any thread. A later reading of the same name and labels replaces this one.
  public func reading(_ name: String, _ help: String, counts: Bool = false, _ labels: Labels = [], read: @escaping @Sendable () -> Double) {
    let text = PrometheusText.text(of: labels)
    families.withLock { families in
      guard let index = families[name]?.series.firstIndex(where: { $0.labels == text }) else { return }
      families[name]?.series.remove(at: index)
    }
    _ = instrument(name, help, counts ? .counter : .gauge, labels) { .reading(read) }
  }

  /// Series that somebody else keeps; `read` may run on any thread. What several sources say under the same labels is added up.
  public func source(_ name: String, _ help: String, _ kind: Kind, read: @escaping @Sendable () -> [MetricSample]) {
    families.withLock { families in
      families[name, default: Family(help: help, kind: kind)].sources.append(read)
    }
  }

  /// A name that is shown even while it has no series yet.
  public func declare(_ name: String, _ help: String, _ kind: Kind) {
    families.withLock { families in
      if families[name] == nil { families[name] = Family(help: help, kind: kind) }
    }
  }

  private func instrument(_ name: String, _ help: String, _ kind: Kind, _ labels: Labels, make: () -> Instrument) -> Instrument {
    let text = PrometheusText.text(of: labels)
    return families.withLock { families in
      var family = families[name] ?? Family(help: help, kind: kind)
      if let known = family.series.first(where: { $0.labels == text }) { return known.instrument }
      let made = make()
      // Past the bound it still counts, but nobody sees it.
      if family.series.count < Self.seriesMax { family.series.append((text, made)) }
      families[name] = family
      return made
    }
  }

  /// The text that `/metrics` answers.
  public func prometheusText() -> String {
    let snapshot = families.withLock { $0 }
    var text = PrometheusText()
    for (name, family) in snapshot.sorted(by: { $0.key < $1.key }) {
      text.begin(name, family.help, family.kind.rawValue)
      for (labels, instrument) in family.series { text.add(name, labels, instrument.value) }
      for (labels, value) in Self.sum(family.sources) { text.add(name, labels, value) }
    }
    return text.text
  }

  /// Loops count for themselves; outside, one number for the process is wanted.
  private static func sum(_ sources: [@Sendable () -> [MetricSample]]) -> [(labels: String, value: MetricSample.Value)] {
    var order: [String] = []
    var sums: [String: MetricSample.Value] = [:]
    for sample in sources.lazy.flatMap({ $0() }) {
      let labels = PrometheusText.text(of: sample.labels)
      if let known = sums[labels] {
        sums[labels] = known + sample.value
      } else if order.count < seriesMax {
        order.append(labels)
        sums[labels] = sample.value
      }
    }
    return order.compactMap { labels in sums[labels].map { (labels, $0) } }
  }
}

extension MetricSample.Value {
  fileprivate static func + (left: Self, right: Self) -> Self {
    switch (left, right) {
    case (.number(let one), .number(let other)): .number(one + other)
    case (.histogram(let bounds, let counts, let sum), .histogram(_, let more, let moreSum)) where counts.count == more.count:
      .histogram(bounds: bounds, counts: zip(counts, more).map { $0 + $1 }, sum: sum + moreSum)
    default: left
    }
  }
}

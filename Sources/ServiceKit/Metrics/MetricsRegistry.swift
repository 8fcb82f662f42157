import Synchronization

/// Every metric of one process, and their text for Prometheus (exposition format 0.0.4). Any thread.
public final class MetricsRegistry: Sendable {
  /// Label names and values, in the order they are printed.
  public typealias Labels = [(name: String, value: String)]

  private enum Instrument {
    case counter(Counter)
    case gauge(Gauge)
    case histogram(Histogram)
    case reading(@Sendable () -> Double)
  }

  private struct Family {
    let help: String
    let kind: String
    var series: [(labels: String, instrument: Instrument)] = []
  }

  /// Most series of one family: labels that peers choose cannot fill the memory.
  private static let seriesMax = 2_000
  private let families = Mutex<[String: Family]>([:])

  public init() {}

  /// The counter of that name and those labels; made on first use. By convention the name ends in `_total`.
  public func counter(_ name: String, _ help: String, _ labels: Labels = []) -> Counter {
    let made = instrument(name, help, "counter", labels) { .counter(Counter()) }
    if case .counter(let counter) = made { return counter }
    return Counter()
  }

  public func gauge(_ name: String, _ help: String, _ labels: Labels = []) -> Gauge {
    let made = instrument(name, help, "gauge", labels) { .gauge(Gauge()) }
    if case .gauge(let gauge) = made { return gauge }
    return Gauge()
  }

  /// A histogram of seconds. By convention the name ends in `_seconds`.
  public func histogram(_ name: String, _ help: String, _ labels: Labels = []) -> Histogram {
    let made = instrument(name, help, "histogram", labels) { .histogram(Histogram()) }
    if case .histogram(let histogram) = made { return histogram }
    return Histogram()
  }

  /// A number that is read when somebody asks; `read` may run on any thread. A later reading of the same name and labels replaces this one.
  public func reading(_ name: String, _ help: String, counts: Bool = false, _ labels: Labels = [], read: @escaping @Sendable () -> Double) {
    let text = Self.text(of: labels)
    families.withLock { families in
      guard let index = families[name]?.series.firstIndex(where: { $0.labels == text }) else { return }
      families[name]?.series.remove(at: index)
    }
    _ = instrument(name, help, counts ? "counter" : "gauge", labels) { .reading(read) }
  }

  private func instrument(_ name: String, _ help: String, _ kind: String, _ labels: Labels, make: () -> Instrument) -> Instrument {
    let text = Self.text(of: labels)
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
    var text = ""
    for (name, family) in snapshot.sorted(by: { $0.key < $1.key }) {
      text += "# HELP \(name) \(family.help)\n# TYPE \(name) \(family.kind)\n"
      for (labels, instrument) in family.series { Self.append(name, labels, instrument, to: &text) }
    }
    return text
  }

  private static func append(_ name: String, _ labels: String, _ instrument: Instrument, to text: inout String) {
    let braces = labels.isEmpty ? "" : "{\(labels)}"
    switch instrument {
    case .counter(let counter): text += "\(name)\(braces) \(counter.current)\n"
    case .gauge(let gauge): text += "\(name)\(braces) \(gauge.current)\n"
    case .reading(let read): text += "\(name)\(braces) \(read())\n"
    case .histogram(let histogram):
      let (counts, sum) = histogram.snapshot
      let prefix = labels.isEmpty ? "" : labels + ","
      for (bound, count) in zip(Histogram.bounds, counts) { text += "\(name)_bucket{\(prefix)le=\"\(bound)\"} \(count)\n" }
      text += "\(name)_bucket{\(prefix)le=\"+Inf\"} \(counts.last ?? 0)\n"
      text += "\(name)_sum\(braces) \(sum)\n\(name)_count\(braces) \(counts.last ?? 0)\n"
    }
  }

  private static func text(of labels: Labels) -> String {
    labels.map { label in
      var value = ""
      for character in label.value {
        switch character {
        case "\\": value += "\\\\"
        case "\"": value += "\\\""
        case "\n": value += "\\n"
        default: value.append(character)
        }
      }
      return "\(label.name)=\"\(value)\""
    }.joined(separator: ",")
  }
}

/// Builds text in Prometheus' exposition format 0.0.4.
struct PrometheusText {
  private(set) var text = ""

  mutating func begin(_ name: String, _ help: String, _ kind: String) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
  }

  mutating func add(_ name: String, _ labels: String, _ value: MetricSample.Value) {
    let braces = labels.isEmpty ? "" : "{\(labels)}"
    switch value {
    case .number(let number): text += "\(name)\(braces) \(Self.text(of: number))\n"
    case .histogram(let bounds, let counts, let sum):
      let prefix = labels.isEmpty ? "" : labels + ","
      var running: UInt64 = 0
      for (bound, count) in zip(bounds, counts) {
        running += count
        text += "\(name)_bucket{\(prefix)le=\"\(Self.text(of: bound))\"} \(running)\n"
      }
      running = counts.reduce(0, +)
      text += "\(name)_bucket{\(prefix)le=\"+Inf\"} \(running)\n"
      text += "\(name)_sum\(braces) \(Self.text(of: sum))\n\(name)_count\(braces) \(running)\n"
    }
  }

  /// Whole numbers without a fraction: readable, and exact up to 2^53.
  private static func text(of number: Double) -> String {
    number.magnitude < 9e15 && number == number.rounded() ? String(Int64(number)) : "\(number)"
  }

  static func text(of labels: MetricsRegistry.Labels) -> String {
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

import Model
import ServiceKit

/// What this service found.
struct DedupMetrics: Sendable {
  private let exact: Counter
  private let similar: Counter
  private let none: Counter
  private let savedBytes: Counter

  init(_ registry: MetricsRegistry) {
    let help = "Questions for duplicates, by answer"
    exact = registry.counter("jetty_dedup_checks_total", help, [("answer", "exact")])
    similar = registry.counter("jetty_dedup_checks_total", help, [("answer", "similar")])
    none = registry.counter("jetty_dedup_checks_total", help, [("answer", "none")])
    savedBytes = registry.counter("jetty_dedup_found_bytes_total", "Bytes of files that were found stored already")
  }

  func answered(_ match: Match?, savedBytes size: ByteCount) {
    switch match?.kind {
    case .exact:
      exact.increment()
      savedBytes.increment(by: size.rawValue)
    case .similar: similar.increment()
    case nil: none.increment()
    }
  }
}

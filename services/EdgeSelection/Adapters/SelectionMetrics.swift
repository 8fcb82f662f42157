import ServiceKit

/// What this service answered, and how long it thought.
public struct SelectionMetrics: Sendable {
  private let seconds: Histogram
  private let opened: Counter
  private let openedBytes: Counter
  private let resumed: Counter
  private let spared: Counter
  private let sparedBytes: Counter

  public init(_ registry: MetricsRegistry) {
    seconds = registry.histogram("jetty_selection_seconds", "Time from a question for edges to its answer")
    opened = registry.counter("jetty_uploads_started_total", "Uploads begun", [("kind", "new")])
    resumed = registry.counter("jetty_uploads_started_total", "Uploads begun", [("kind", "resumed")])
    spared = registry.counter("jetty_uploads_started_total", "Uploads begun", [("kind", "duplicate")])
    openedBytes = registry.counter("jetty_uploads_started_bytes_total", "Bytes of the files of new uploads")
    sparedBytes = registry.counter("jetty_uploads_spared_bytes_total", "Bytes that were not sent because the same file was stored already")
  }

  func answered(_ answer: UploadAnswer, resuming: Bool, size: UInt64, nanoseconds: UInt64) {
    seconds.record(nanoseconds: nanoseconds)
    switch answer {
    case .duplicate:
      spared.increment()
      sparedBytes.increment(by: size)
    case .upload where resuming:
      resumed.increment()
    case .upload:
      opened.increment()
      openedBytes.increment(by: size)
    }
  }

  func replanned(nanoseconds: UInt64) { seconds.record(nanoseconds: nanoseconds) }
}

import ServiceKit

/// What this service did.
public struct FinalizeMetrics: Sendable {
  let finalized: Counter
  let cloned: Counter
  let savedBytes: Counter
  let aborted: Counter
  let swept: Counter
  let unheard: Counter
  let verified: Counter
  let refuted: Counter
  let finalizedBytes: Counter
  let outbox: Gauge
  let outboxAge: Gauge
  let unverified: Gauge

  public init(_ registry: MetricsRegistry) {
    finalized = registry.counter("jetty_finalize_uploads_total", "Uploads that became files, replays included")
    finalizedBytes = registry.counter("jetty_finalize_bytes_total", "Bytes of the files of these uploads")
    outbox = registry.gauge("jetty_finalize_outbox_events", "Events that other services have not heard yet")
    outboxAge = registry.gauge("jetty_finalize_outbox_oldest_seconds", "Age of the oldest of them")
    unverified = registry.gauge("jetty_finalize_unverified_objects", "Objects that wait to be read back")
    cloned = registry.counter("jetty_finalize_clones_total", "Files made on objects that were stored already")
    savedBytes = registry.counter("jetty_finalize_saved_bytes_total", "Bytes that need not be sent because of clones")
    aborted = registry.counter("jetty_finalize_aborts_total", "Uploads given up by their users")
    swept = registry.counter("jetty_finalize_swept_total", "Expired uploads that the sweeper found")
    unheard = registry.counter("jetty_finalize_events_unheard_total", "Attempts to tell another service that failed")
    let help = "Objects that were read back, by what was found"
    verified = registry.counter("jetty_finalize_verifications_total", help, [("result", "verified")])
    refuted = registry.counter("jetty_finalize_verifications_total", help, [("result", "refuted")])
  }
}

import ServiceKit

/// What is counted about clients that watch uploads.
struct WatchMetrics: Sendable {
  private let events: Counter
  private let slow: Counter
  private let refused: [String: Counter]

  /// Why a client was refused.
  enum Refusal: String, CaseIterable {
    case account, process, draining
  }

  init(_ registry: MetricsRegistry, quota: WatchQuota) {
    registry.reading("jetty_gateway_watch_clients", "Clients that watch an upload (server-sent events)") { Double(quota.clients) }
    events = registry.counter("jetty_gateway_watch_events_total", "Events sent to clients that watch an upload")
    slow = registry.counter("jetty_gateway_watch_dropped_total", "Watching clients dropped because they did not read")
    refused = Dictionary(
      uniqueKeysWithValues: Refusal.allCases.map { reason in
        let labels = [(name: "reason", value: reason.rawValue)]
        return (reason.rawValue, registry.counter("jetty_gateway_watch_refused_total", "Watching clients refused, by the limit they met", labels))
      })
  }

  func told() { events.increment() }
  func dropped() { slow.increment() }
  func refused(_ reason: Refusal) { refused[reason.rawValue]?.increment() }
}

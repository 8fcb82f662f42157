import ServiceKit

/// Whether warming pays: of the uploads that were opened, how many found an edge that had been warmed for their user.
///
/// Hit rate: `jetty_prewarm_uploads_total{result="hit"}` over both results.
public struct WarmthMetrics: Sendable {
  let hits: Counter
  let misses: Counter
  let users: Counter
  let edges: Counter
  let failures: Counter

  public init(_ registry: MetricsRegistry) {
    let help = "Uploads opened, by whether one of their edges had been warmed for their user"
    hits = registry.counter("jetty_prewarm_uploads_total", help, [("result", "hit")])
    misses = registry.counter("jetty_prewarm_uploads_total", help, [("result", "miss")])
    users = registry.counter("jetty_prewarm_users_total", "Users whose edges were warmed, once for each hour of theirs")
    edges = registry.counter("jetty_prewarm_edges_total", "Edges that were asked to warm up and did")
    failures = registry.counter("jetty_prewarm_failures_total", "Edges that were asked to warm up and did not")
  }
}

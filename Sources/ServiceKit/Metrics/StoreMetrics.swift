import Postgres
import Redis

/// What the clients of PostgreSQL and Redis do, per loop.
enum StoreMetrics {
  static func bind(_ pool: PostgresStatistics, loop: String, to metrics: MetricsRegistry) {
    let labels = [(name: "loop", value: loop)]
    metrics.reading("jetty_postgres_connections", "Open connections", labels) { Double(pool.connections) }
    metrics.reading("jetty_postgres_connections_in_use", "Connections at work", labels) { Double(pool.inUse) }
    metrics.reading("jetty_postgres_waiting", "Callers that wait for a connection", labels) { Double(pool.waiting) }
    metrics.reading("jetty_postgres_statements_total", "Statements sent", counts: true, labels) { Double(pool.statementsTotal) }
    metrics.reading("jetty_postgres_errors_total", "Statements and waits that failed", counts: true, labels) { Double(pool.errorsTotal) }
    metrics.reading("jetty_postgres_timeouts_total", "Of these, for want of time", counts: true, labels) { Double(pool.timeoutsTotal) }
    metrics.reading("jetty_postgres_connections_total", "Connections opened so far", counts: true, labels) { Double(pool.connectionsTotal) }
  }

  static func bind(_ client: RedisStatistics, loop: String, to metrics: MetricsRegistry) {
    let labels = [(name: "loop", value: loop)]
    metrics.reading("jetty_redis_connected", "1 while there is a connection", labels) { client.isConnected ? 1 : 0 }
    metrics.reading("jetty_redis_waiting", "Calls without an answer yet", labels) { Double(client.waiting) }
    metrics.reading("jetty_redis_calls_total", "Commands or pipelines", counts: true, labels) { Double(client.callsTotal) }
    metrics.reading("jetty_redis_errors_total", "Calls that failed", counts: true, labels) { Double(client.errorsTotal) }
    metrics.reading("jetty_redis_timeouts_total", "Of these, for want of time", counts: true, labels) { Double(client.timeoutsTotal) }
    metrics.reading("jetty_redis_connections_total", "Connections opened so far", counts: true, labels) { Double(client.connectionsTotal) }
  }
}

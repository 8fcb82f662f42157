import EventLoops
import HTTPServer

/// What goes through an HTTP door, by kind of path. One for each server; used on its loop.
final class HTTPMetrics {
  private struct Key: Hashable {
    let route: String
    let method: String
    let status: Int
  }

  private struct Series {
    let seconds: Histogram
    let received: Counter
    let sent: Counter
  }

  private let registry: MetricsRegistry
  private var requests: [Key: Counter] = [:]
  private var series: [String: Series] = [:]

  private static let requestsHelp = "HTTP requests that were answered or given up (status 0), by kind of path"
  private static let secondsHelp = "Time from a request's header fields to the end of its response"
  private static let receivedHelp = "Bytes of request bodies"
  private static let sentHelp = "Bytes of response bodies"

  init(_ statistics: HTTPServerStatistics, to registry: MetricsRegistry) {
    self.registry = registry
    registry.declare("jetty_http_requests_total", Self.requestsHelp, .counter)
    registry.declare("jetty_http_request_seconds", Self.secondsHelp, .histogram)
    registry.declare("jetty_http_received_bytes_total", Self.receivedHelp, .counter)
    registry.declare("jetty_http_sent_bytes_total", Self.sentHelp, .counter)
    func read(_ name: String, _ help: String, _ kind: MetricsRegistry.Kind, _ value: @escaping @Sendable () -> Double) {
      registry.source(name, help, kind) { [MetricSample([], .number(value()))] }
    }
    read("jetty_http_requests_active", "HTTP requests under way", .gauge) { Double(statistics.requestsActive) }
    read("jetty_http_connections", "Open HTTP connections", .gauge) { Double(statistics.connectionsOpen) }
    read("jetty_http_connections_total", "HTTP connections so far", .counter) { Double(statistics.connectionsTotal) }
    read("jetty_http_connections_refused_total", "HTTP connections turned away because there were too many", .counter) {
      Double(statistics.connectionsRefused)
    }
    read("jetty_http_connections_evicted_total", "Idle HTTP connections closed to make room for others", .counter) {
      Double(statistics.connectionsEvicted)
    }
    read("jetty_http_malformed_total", "Requests that broke HTTP or a limit before anybody served them", .counter) {
      Double(statistics.requestsMalformed)
    }
  }

  func count(_ request: HTTPRequest) {
    let record = request.record
    let key = Key(route: record.route, method: Self.label(method: request.method), status: record.status)
    counter(key).increment()
    let series = series(record.route)
    series.seconds.record(nanoseconds: request.loop.nowNanoseconds &- record.begunNanoseconds)
    series.received.increment(by: request.body.receivedBytes)
    series.sent.increment(by: record.sentBytes)
  }

  private func counter(_ key: Key) -> Counter {
    if let known = requests[key] { return known }
    let counter = registry.counter(
      "jetty_http_requests_total", Self.requestsHelp, [("route", key.route), ("method", key.method), ("status", "\(key.status)")])
    requests[key] = counter
    return counter
  }

  private func series(_ route: String) -> Series {
    if let known = series[route] { return known }
    let labels: MetricsRegistry.Labels = [("route", route)]
    let made = Series(
      seconds: registry.histogram("jetty_http_request_seconds", Self.secondsHelp, labels),
      received: registry.counter("jetty_http_received_bytes_total", Self.receivedHelp, labels),
      sent: registry.counter("jetty_http_sent_bytes_total", Self.sentHelp, labels))
    series[route] = made
    return made
  }

  /// Clients may invent methods.
  static func label(method: String) -> String {
    switch method {
    case "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH": method
    default: "other"
    }
  }
}

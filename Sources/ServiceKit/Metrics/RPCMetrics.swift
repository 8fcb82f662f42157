import RPC

/// Calls under the names of gRFC A66, in Prometheus form.
enum RPCMetrics {
  static func bind(_ statistics: RPCStatistics, to registry: MetricsRegistry) {
    switch statistics.side {
    case .server:
      bindStarted(statistics, "grpc_server_call_started_total", "Calls that began", to: registry)
      bindOutcomes(statistics, "grpc_server_call", "call", to: registry)
    case .client:
      bindStarted(statistics, "grpc_client_attempt_started_total", "Attempts that began", to: registry)
      bindOutcomes(statistics, "grpc_client_attempt", "attempt", to: registry)
      bind(statistics, "grpc_client_call_duration_seconds", "Time a call took, all attempts included", to: registry) { $0.callSeconds }
    }
  }

  /// What a server holds at the moment, and what it turned away. On its loop.
  static func bind(_ server: RPCServer, to runtime: ServiceRuntime) {
    runtime.reading("jetty_rpc_connections", "Open gRPC connections") { server.openConnections }
    runtime.reading("jetty_rpc_connections_refused_total", "gRPC connections closed as they came, above the limit", counts: true) {
      Int(clamping: server.refusedConnections)
    }
    runtime.reading("jetty_rpc_connections_ended_total", "gRPC connections ended because the client held up the server", counts: true) {
      Int(clamping: server.connectionsEnded)
    }
    runtime.reading("jetty_rpc_calls_active", "Calls whose handlers have not returned yet") { server.runningCalls }
    runtime.reading("jetty_rpc_held_bytes", "Bytes of messages that all gRPC connections hold") { server.heldBytes }
    runtime.reading("jetty_rpc_memory_shortages_total", "Times that these bytes were above the limit", counts: true) {
      Int(clamping: server.memoryShortages)
    }
  }

  private static func bindStarted(_ statistics: RPCStatistics, _ name: String, _ help: String, to registry: MetricsRegistry) {
    registry.source(name, help, .counter) {
      statistics.methods.map { MetricSample(labels($0, nil), .number(Double($0.attemptsStarted))) }
    }
  }

  private static func bindOutcomes(_ statistics: RPCStatistics, _ prefix: String, _ what: String, to registry: MetricsRegistry) {
    bind(statistics, "\(prefix)_duration_seconds", "Time an ended \(what) took", to: registry) { $0.attemptSeconds }
    bind(
      statistics, "\(prefix)_sent_total_compressed_message_size_bytes", "Bytes of the messages sent in one \(what), as they went over the wire",
      to: registry
    ) { $0.sentBytes }
    bind(
      statistics, "\(prefix)_rcvd_total_compressed_message_size_bytes", "Bytes of the messages received in one \(what), as they came over the wire",
      to: registry
    ) { $0.receivedBytes }
  }

  private static func bind(
    _ statistics: RPCStatistics, _ name: String, _ help: String, to registry: MetricsRegistry,
    pick: @escaping @Sendable (RPCMethodStatistics.Outcome) -> RPCHistogram
  ) {
    registry.source(name, help, .histogram) {
      statistics.methods.flatMap { method in
        method.outcomes.map { outcome in
          let histogram = pick(outcome)
          return MetricSample(
            labels(method, outcome.code), .histogram(bounds: histogram.bounds, counts: histogram.counts, sum: histogram.sum))
        }
      }
    }
  }

  private static func labels(_ method: RPCMethodStatistics, _ code: StatusCode?) -> MetricsRegistry.Labels {
    var labels: MetricsRegistry.Labels = [("grpc_method", method.method)]
    if !method.target.isEmpty { labels.append(("grpc_target", method.target)) }
    if let code { labels.append(("grpc_status", code.name)) }
    return labels
  }
}

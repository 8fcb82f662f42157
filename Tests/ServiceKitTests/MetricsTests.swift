import Testing

@testable import RPC
@testable import ServiceKit

@Suite struct MetricsTests {
  @Test func theTextIsWhatPrometheusReads() {
    let registry = MetricsRegistry()
    registry.counter("jetty_chunks_total", "Chunks stored", [("edge", "sfo-1")]).increment(by: 3)
    registry.counter("jetty_chunks_total", "Chunks stored", [("edge", "sfo-1")]).increment()
    registry.counter("jetty_chunks_total", "Chunks stored", [("edge", "a\"b\\c\nd")]).increment()
    registry.gauge("jetty_open", "Open").set(-2)
    registry.reading("jetty_read", "Read") { 1.5 }
    let text = registry.prometheusText()
    #expect(text.contains("# TYPE jetty_chunks_total counter\njetty_chunks_total{edge=\"sfo-1\"} 4\n"))
    #expect(text.contains(#"jetty_chunks_total{edge="a\"b\\c\nd"} 1"#))
    #expect(text.contains("jetty_open -2\n"))
    #expect(text.contains("jetty_read 1.5\n"))
  }

  @Test func histogramBucketsAreCumulative() {
    let registry = MetricsRegistry()
    let histogram = registry.histogram("jetty_time_seconds", "Time", [("kind", "x")])
    histogram.record(nanoseconds: 50_000)
    histogram.record(nanoseconds: 2_000_000)
    histogram.record(nanoseconds: 3_600_000_000_000)
    let text = registry.prometheusText()
    #expect(text.contains("jetty_time_seconds_bucket{kind=\"x\",le=\"0.0001\"} 1\n"))
    #expect(text.contains("jetty_time_seconds_bucket{kind=\"x\",le=\"0.0025\"} 2\n"))
    #expect(text.contains("jetty_time_seconds_bucket{kind=\"x\",le=\"60\"} 2\n"))
    #expect(text.contains("jetty_time_seconds_bucket{kind=\"x\",le=\"+Inf\"} 3\n"))
    #expect(text.contains("jetty_time_seconds_count{kind=\"x\"} 3\n"))
  }

  @Test func callsAreCountedByMethodAndStatus() {
    let registry = MetricsRegistry()
    // Two loops, one process.
    for _ in 0..<2 {
      let statistics = RPCStatistics(side: .server)
      RPCMetrics.bind(statistics, to: registry)
      let method = statistics.method(MethodDescriptor(service: "jetty.v1.Dedup", method: "CheckDuplicate"))
      method.attemptStarted()
      method.attemptEnded(.notFound, nanoseconds: 90_000, sentBytes: 0, receivedBytes: 2_000)
    }
    let text = registry.prometheusText()
    let labels = "grpc_method=\"jetty.v1.Dedup/CheckDuplicate\",grpc_status=\"NOT_FOUND\""
    #expect(text.contains("grpc_server_call_started_total{grpc_method=\"jetty.v1.Dedup/CheckDuplicate\"} 2\n"))
    #expect(text.contains("grpc_server_call_duration_seconds_count{\(labels)} 2\n"))
    #expect(text.contains("grpc_server_call_duration_seconds_bucket{\(labels),le=\"5e-05\"} 0\n"))
    #expect(text.contains("grpc_server_call_duration_seconds_bucket{\(labels),le=\"0.0001\"} 2\n"))
    #expect(text.contains("grpc_server_call_rcvd_total_compressed_message_size_bytes_bucket{\(labels),le=\"1024\"} 0\n"))
    #expect(text.contains("grpc_server_call_rcvd_total_compressed_message_size_bytes_sum{\(labels)} 4000\n"))
    #expect(text.contains("grpc_server_call_sent_total_compressed_message_size_bytes_bucket{\(labels),le=\"0\"} 2\n"))
  }

  @Test func labelsOfPeersCannotFillTheMemory() {
    let registry = MetricsRegistry()
    for index in 0..<5_000 { registry.counter("jetty_x_total", "X", [("id", "\(index)")]).increment() }
    #expect(registry.prometheusText().split(separator: "\n").count <= 2_002)
  }
}

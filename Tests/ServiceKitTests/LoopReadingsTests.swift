import EventLoops
import Glibc
import ObjectStore
import RPC
import Testing

@testable import ServiceKit

@Suite("What only a loop may read", .timeLimit(.minutes(1)))
struct LoopReadingsTests {
  @Test("is read on its loop, and a loop that hangs holds nobody up")
  func fetching() async throws {
    let (asking, quick, stuck) = (try EventLoop(name: "asking"), try EventLoop(name: "quick"), try EventLoop(name: "stuck"))
    for loop in [asking, quick, stuck] { try loop.start() }
    defer { for loop in [asking, quick, stuck] { loop.stop() } }
    let readings = LoopReadings(milliseconds: 400)
    let (first, last) = (Gauge(), Gauge())
    readings.add(quick) { first.set(quick.isCurrent ? 1 : -1) }
    for _ in 0..<8 { readings.add(stuck) {} }
    readings.add(quick) { last.add(1) }
    stuck.execute { sleepSeconds(4) }
    let begun = ContinuousClock.now
    await readings.fetch(on: asking)
    #expect(ContinuousClock.now - begun < .milliseconds(2_500))
    #expect(first.current == 1 && last.current == 1)
    await readings.fetch(on: asking)
    #expect(last.current == 2)
  }

  @Test("a store's work is counted and timed; what its callers did wrong is no failure of it")
  func measuredStore() async throws {
    let registry = MetricsRegistry()
    let metrics = ObjectStoreMetrics(registry, loop: "one")
    try await metrics.measure(.head) {
      #expect(registry.prometheusText().contains("jetty_store_operations_active{loop=\"one\"} 1\n"))
    }
    for error in [ObjectStoreError.unavailable(retryAfterSeconds: nil, detail: "x"), .storeFull, .notFound("x"), .noSuchUpload] {
      await #expect(throws: error) { try await metrics.measure(.putPart) { throw error } }
    }
    let text = registry.prometheusText()
    #expect(text.contains("jetty_store_operations_active{loop=\"one\"} 0\n"))
    #expect(text.contains("jetty_store_seconds_count{operation=\"put_part\"} 4\n"))
    #expect(text.contains("jetty_store_seconds_count{operation=\"head\"} 1\n"))
    #expect(text.contains("jetty_store_failures_total{reason=\"unavailable\"} 1\n"))
    #expect(text.contains("jetty_store_failures_total{reason=\"full\"} 1\n"))
    #expect(text.contains("jetty_store_failures_total{reason=\"unexpected\"} 0\n"))
  }

  @Test("an S3 store is told where in the trace it is asked")
  func tracing() throws {
    let location = try ObjectStoreLocation(url: "s3://bucket?endpoint=http://h:1", credentials: S3Credentials(accessKey: "a", secretKey: "b"))
    guard case .s3(let configuration, _) = location.tracing() else { throw ObjectStoreError.unexpected("no S3 store") }
    #expect(configuration.requestHeaders().isEmpty)
    let states = ["v=1,\tw=2"]
    let trace = try #require(TraceContext(parent: "00-\(String(repeating: "a", count: 32))-\(String(repeating: "b", count: 16))-01", states: states))
    RPCContext.$current.withValue(RPCContext(deadlineNanoseconds: nil, trace: trace)) {
      let headers = Dictionary(uniqueKeysWithValues: configuration.requestHeaders().map { ($0.name, $0.value) })
      #expect(headers == ["traceparent": trace.parent, "tracestate": "v=1, w=2"])
    }
  }
}

private func sleepSeconds(_ seconds: UInt32) {
  var left = seconds
  while left > 0 { left = sleep(left) }
}

import RPC
import Synchronization

/// Calls under the names of gRFC A66, in Prometheus form.
public final class RPCMetricsRecorder: RPCMetrics, Sendable {
  private struct Series: Sendable {
    let started: Counter
    var finished: [StatusCode: Histogram] = [:]
  }

  private struct Key: Hashable {
    let method: MethodDescriptor
    let isServer: Bool
  }

  private let registry: MetricsRegistry
  private let series = Mutex<[Key: Series]>([:])

  public init(registry: MetricsRegistry) { self.registry = registry }

  public func callStarted(_ method: MethodDescriptor, side: RPCSide) {
    known(method, side).started.increment()
  }

  public func callFinished(_ method: MethodDescriptor, side: RPCSide, code: StatusCode, durationNanoseconds: UInt64) {
    histogram(method, side, code).record(nanoseconds: durationNanoseconds)
  }

  private func known(_ method: MethodDescriptor, _ side: RPCSide) -> Series {
    series.withLock { table in
      let key = Key(method: method, isServer: side == .server)
      if let found = table[key] { return found }
      let name = side == .server ? "grpc_server_call_started_total" : "grpc_client_attempt_started_total"
      let made = Series(started: registry.counter(name, "Calls started", [("grpc_method", Self.label(method))]))
      table[key] = made
      return made
    }
  }

  private func histogram(_ method: MethodDescriptor, _ side: RPCSide, _ code: StatusCode) -> Histogram {
    let started = known(method, side)
    if let found = started.finished[code] { return found }
    let name = side == .server ? "grpc_server_call_duration_seconds" : "grpc_client_call_duration_seconds"
    let made = registry.histogram(name, "Time a call took", [("grpc_method", Self.label(method)), ("grpc_status", code.name)])
    series.withLock { $0[Key(method: method, isServer: side == .server)]?.finished[code] = made }
    return made
  }

  private static func label(_ method: MethodDescriptor) -> String { "\(method.service)/\(method.method)" }
}

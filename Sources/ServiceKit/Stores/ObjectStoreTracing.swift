import ObjectStore
import RPC

extension ObjectStoreLocation {
  /// The same store, told with each request for which request of ours it is made, as every service is: W3C Trace Context.
  func tracing() -> ObjectStoreLocation {
    guard case .s3(var configuration, let authorities) = self else { return self }
    configuration.requestHeaders = { Self.traceHeaders(RPCContext.current?.trace) }
    return .s3(configuration, certificateAuthorityFile: authorities)
  }

  private static func traceHeaders(_ trace: TraceContext?) -> [(name: String, value: String)] {
    guard let trace else { return [] }
    let parent = (name: "traceparent", value: trace.parent)
    return trace.state.map { [parent, (name: "tracestate", value: $0)] } ?? [parent]
  }
}

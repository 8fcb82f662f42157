import HTTPServer
import RPC

/// One request at a door: under which id and where in which trace everything is done for it.
///
/// The id is the client's (`Jetty-Request-Id`, `X-Request-Id`) where it is usable, else a new one; the answer carries it. The trace is
/// the client's (`traceparent`, W3C) under a span id of our own, else a new one. Logs and onward calls find both in `RPCContext`.
public enum RequestScope {
  public static let idField = "jetty-request-id"

  /// Runs `body` in the scope of `request`, and the response's stream too.
  public static func run(_ request: HTTPRequest, _ body: () async -> HTTPResponse) async -> HTTPResponse {
    let id = [idField, "x-request-id"].lazy.compactMap { request.fields[$0] }.first { RPCContext.isRequestID($0) } ?? newID()
    let states = request.fields.values(of: "tracestate")
    let trace = request.fields["traceparent"].flatMap { TraceContext(parent: $0, states: states) }?.child() ?? TraceContext()
    request.record.identifiers = [("requestId", id), ("traceId", trace.traceID), ("spanId", trace.spanID)]
    let context = RPCContext(deadlineNanoseconds: nil, metadata: [idField: id], trace: trace)
    var response = await RPCContext.$current.withValue(context) { await body() }
    if case .stream(let length, let write) = response.body {
      response.body = .stream(length: length) { writer in
        try await RPCContext.$current.withValue(context) { try await write(writer) }
      }
    }
    response.fields.add(idField, id)
    return response
  }

  private static func newID() -> String {
    let text = String(UInt64.random(in: 0 ... .max), radix: 16)
    return "req_" + String(repeating: "0", count: 16 - text.count) + text
  }
}

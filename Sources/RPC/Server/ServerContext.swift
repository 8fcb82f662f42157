import EventLoops
import HTTP2

/// What a handler knows about the call it serves, and what it sends beside the messages. Belongs to the loop of the call.
public final class ServerContext: @unchecked Sendable {
  public var loop: EventLoop { facts.loop }
  public var method: MethodDescriptor { route.method }
  /// The other end of the connection, e.g. `127.0.0.1:40112`; a proxy's where there is one between.
  public var peer: SocketAddress { facts.address }
  /// The subject of the client's verified certificate, if it showed one.
  public var peerCertificateSubject: String? { facts.certificate?.subject }
  /// DNS names and URIs (subject alternative names) of the client's verified certificate; empty if it showed none.
  public var peerCertificateNames: [String] { facts.certificate?.names ?? [] }
  /// When the client gives up (CLOCK_MONOTONIC); nil if it set no deadline.
  public private(set) var deadlineNanoseconds: UInt64?
  /// Sent before the first message. Set it before writing one.
  public var responseMetadata = Metadata()
  /// Sent with the status.
  public var responseTrailers = Metadata()
  /// Tells the client when a call that fails may be made again, whatever its own policy says (gRFC A6); nil for nothing.
  public var retryPushback: RetryPushback?
  /// How often the client has begun this call before, by its retry policy.
  public var previousAttempts: Int { headers["grpc-previous-rpc-attempts"].flatMap { Int($0) } ?? 0 }
  /// Compress the response messages with gzip, where the client accepts that. To begin with: if the client compresses its own.
  /// Set it before the first message. `RPCWriter.write` can except single messages.
  public var compressesResponses = false
  /// Whether the one request of a unary or server-streaming call came compressed. Where requests stream, `RPCReader` knows.
  public internal(set) var requestWasCompressed = false

  var forwardedKeys: [String] { facts.forwardedKeys }
  private var facts: PeerFacts
  private var route: RPCRouter.Route
  private var headers: HTTP2Headers
  private var parsedMetadata: Metadata?
  private var ownTrace: TraceContext?

  init(_ facts: PeerFacts, route: RPCRouter.Route, deadlineNanoseconds: UInt64?, headers: HTTP2Headers) {
    self.facts = facts
    self.route = route
    self.deadlineNanoseconds = deadlineNanoseconds
    self.headers = headers
  }

  /// For the next call, when nobody holds what `end` left.
  func begin(_ facts: PeerFacts, route: RPCRouter.Route, deadlineNanoseconds: UInt64?, headers: HTTP2Headers) {
    self.facts = facts
    self.route = route
    self.deadlineNanoseconds = deadlineNanoseconds
    self.headers = headers
  }

  /// Forgets everything of the call but what `begin` replaces.
  func end() {
    headers = HTTP2Headers()
    if parsedMetadata != nil { parsedMetadata = nil }
    if !responseMetadata.isEmpty { responseMetadata = Metadata() }
    if !responseTrailers.isEmpty { responseTrailers = Metadata() }
    if retryPushback != nil { retryPushback = nil }
    if ownTrace != nil { ownTrace = nil }
    compressesResponses = false
    requestWasCompressed = false
  }

  /// What the client sent beside its messages.
  public var metadata: Metadata {
    if let parsedMetadata { return parsedMetadata }
    let parsed = Metadata(headers)
    parsedMetadata = parsed
    return parsed
  }

  /// This call in the caller's trace, under a span id of its own; a new trace where the caller names none.
  public var trace: TraceContext {
    if let ownTrace { return ownTrace }
    let trace = metadata["traceparent"].flatMap { TraceContext(parent: $0, states: metadata.all("tracestate")) }?.child() ?? TraceContext()
    ownTrace = trace
    return trace
  }

  /// What the gateway calls the request that this call is part of; nil where the caller gave no usable name.
  public var requestID: String? { metadata[RPCContext.requestIDKey].flatMap { RPCContext.isRequestID($0) ? $0 : nil } }

  /// How long the client still waits; nil if it set no deadline, 0 if it has given up.
  public var timeRemainingMilliseconds: UInt64? {
    guard let deadlineNanoseconds else { return nil }
    let now = loop.nowNanoseconds
    return deadlineNanoseconds > now ? (deadlineNanoseconds - now) / 1_000_000 : 0
  }
}

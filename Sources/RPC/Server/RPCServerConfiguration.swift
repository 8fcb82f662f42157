import HTTP2
import TLS

/// How a server serves. Times are in milliseconds.
public struct RPCServerConfiguration: Sendable {
  public var limits = RPCLimits()
  public var http2 = HTTP2Configuration()
  /// Nil: plain HTTP/2 with prior knowledge.
  public var tls: TLSContext?
  /// Connections at once; more are closed as they come.
  public var connectionsMax = 4096
  /// Time for the TLS handshake and the client's preface.
  public var handshakeTimeoutMilliseconds: UInt64 = 10_000
  /// A PING is sent after so long without a byte from the client; 0 for never.
  public var keepaliveMilliseconds: UInt64 = 120_000
  /// The connection is dropped when that PING stays unanswered for so long.
  public var keepaliveTimeoutMilliseconds: UInt64 = 20_000
  /// PINGs that come faster than this, and without an answer being sent between them, count as strikes; the third strike ends the
  /// connection with GOAWAY (ENHANCE_YOUR_CALM, too_many_pings).
  public var clientPingIntervalMinMilliseconds: UInt64 = 5_000
  /// False: every PING of a client that has no call running counts as a strike.
  public var allowsPingsWithoutCalls = true
  /// A connection is drained after this age, give or take a tenth, so that clients spread over new replicas; nil for never.
  public var connectionAgeMaxMilliseconds: UInt64?
  /// How long calls may go on after that; nil: as after any drain.
  public var connectionAgeGraceMilliseconds: UInt64?
  /// A connection is drained when it has carried no call for so long, and at most twice as long; nil for never.
  public var connectionIdleMaxMilliseconds: UInt64? = 30 * 60_000
  /// A frame other than DATA, or a header block, must be whole so long after it began.
  public var frameMilliseconds: UInt64 = 10_000
  /// A client may keep a call waiting so long for each `stallBytesMin` bytes: for the rest of a request or message that it began to send, or
  /// for room to send it more. Between the messages of a stream it may be silent for ever.
  public var stallMilliseconds: UInt64 = 15_000
  public var stallBytesMin = 16 << 10
  /// Answers of one connection that wait to be sent, above which its next calls wait.
  public var queuedOutputBytesMax = 4 << 20
  /// What the messages of all connections of this server may hold, received and not taken or not sent yet, before it takes memory back from
  /// those that hold most (see `ServerWatch`).
  public var heldBytesMax = 16 << 20
  /// Header fields of one connection's open calls, counted as RFC 9113 section 6.5.2 says; what would exceed it is refused (REFUSED_STREAM).
  public var headerBytesMax = 4 << 20
  /// How long running calls may go on after a drain began; then they are cancelled.
  public var drainMilliseconds: UInt64 = 30_000
  /// Metadata that onward calls take over from the call being served.
  public var forwardedMetadataKeys = ["jetty-account", "jetty-request-id", "traceparent", "tracestate"]

  public init() {}
}

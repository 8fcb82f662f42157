import EventLoops
import HTTP2
import TLS

/// How a channel reaches its servers. Times are in milliseconds.
public struct RPCChannelConfiguration: Sendable {
  public var limits = RPCLimits()
  public var http2 = HTTP2Configuration()
  /// Nil: plain HTTP/2 with prior knowledge.
  public var tls: TLSContext?
  /// The name to check in the server's certificate; nil: the host of the target.
  public var serverName: String?
  /// `:authority`; nil: the first host and port of the target.
  public var authority: String?
  public var userAgent = "jetty-rpc/1"
  /// What the calls are counted under; nil: the target. One name for all where targets are many, such as edges.
  public var statisticsTarget: String?
  /// For calls that have neither a time-out of their own nor an inherited deadline; nil: none.
  public var defaultTimeoutMilliseconds: UInt64?
  /// TCP, TLS and the server's first SETTINGS together.
  public var connectTimeoutMilliseconds: UInt64 = 5_000
  /// The pause after a failed attempt starts here and grows by 1.6, with a fifth of jitter, up to the maximum.
  public var backoffMinMilliseconds: UInt64 = 100
  public var backoffMaxMilliseconds: UInt64 = 5_000
  /// While calls run, a PING is sent after so long without a byte from the server; 0 for never.
  public var keepaliveMilliseconds: UInt64 = 30_000
  /// The connection is dropped when that PING stays unanswered for so long.
  public var keepaliveTimeoutMilliseconds: UInt64 = 10_000
  /// PING even while no call runs; many servers end connections that do.
  public var keepaliveWithoutCalls = false
  /// Connections are closed after so long without a call, and at most twice as long; the next call connects again. Nil: never.
  public var idleTimeoutMilliseconds: UInt64? = 1_800_000
  public var loadBalancing = LoadBalancingPolicy.roundRobin
  /// Nil: servers get calls however they fare.
  public var outlierEjection: OutlierEjection?
  /// Asks every server by grpc.health.v1 Watch whether this service takes calls there, and sends none where it does not. Empty: the server as
  /// a whole. Nil, or with pick_first: does not ask.
  public var healthCheckedService: String?
  /// How names become addresses; nil: as the system resolves them.
  public var resolver: RPCResolver?
  /// Names are looked up again when the answer is so old; nil: only when a server was lost.
  public var addressesAgeMaxMilliseconds: UInt64? = 30_000
  /// They are not looked up more often than this, give or take a fifth. Where that fails the pause grows by 1.6, up to 30 s.
  public var resolveIntervalMinMilliseconds: UInt64 = 1_000
  /// Calls that may wait for a connection at once.
  public var waitingCallsMax = 10_000
  /// Time-outs, waiting and retries by method.
  public var service = ServiceConfiguration()
  /// What a call with streams keeps of its requests so that it can be repeated. Who has written more is not repeated.
  public var retryBufferBytesMax = 256 << 10
  /// How often a call is begun that a server has certainly not looked at.
  public var transparentAttemptsMax = 3

  public init() {}
}

/// Looks a name up, on the loop of the channel: the addresses in the order of preference. Throws, or gives none, where there are none.
public typealias RPCResolver = @Sendable (_ host: String, _ port: UInt16, _ loop: EventLoop) async throws -> [SocketAddress]

/// Runs around every call of a channel. Call `next` once with the options to use, or throw to fail the call.
public typealias RPCClientInterceptor = (
  _ method: MethodDescriptor, _ options: CallOptions, _ next: (CallOptions) async throws -> Void
) async throws -> Void

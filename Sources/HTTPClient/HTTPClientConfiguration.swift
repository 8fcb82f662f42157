/// Settings and limits of one client. All of it per client, so per loop.
public struct HTTPClientConfiguration: Sendable {
  /// Connections at once; further requests wait for one.
  public var connectionsMax = 128
  /// Requests at once, waiting ones included; one more fails with `.tooBusy`.
  public var requestsMax = 1024
  /// Idle connections kept for reuse, and for how long.
  public var idleConnectionsMax = 64
  public var idleConnectionSecondsMax = 30
  /// From the request's turn until the connection (TLS included) stands.
  public var connectTimeoutMilliseconds: UInt64 = 10_000
  /// How long the peer may neither take nor give a byte while it is its turn.
  public var stallTimeoutMilliseconds: UInt64 = 60_000
  /// Bytes of a response's header section.
  public var responseHeaderBytesMax = 64 << 10
  /// Bytes of each of the two buffers of a request body, and of the two of a response body.
  public var bufferBytes = 128 << 10
  /// A PEM file of certificate authorities to trust instead of the system's.
  public var certificateAuthorityFile: String?
  /// `http://host:port`; nil: no proxy, whatever the environment says.
  public var proxy: String?

  public init() {}
}

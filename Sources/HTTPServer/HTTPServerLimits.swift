import HTTP1

/// Everything that bounds what one server, on one loop, gives to its clients.
public struct HTTPServerLimits: Sendable {
  // MARK: Connections

  /// Connections open at once. For one more, those that have been without a request for longest are closed; where there are none,
  /// it is answered 503 and closed.
  public var connectionsMax = 2048
  /// How long a connection must have been without a whole request, in milliseconds, before it is closed to make room for another.
  public var evictableAfterMilliseconds: UInt64 = 1_000
  /// Requests on one HTTP/1.1 connection, after which it is closed so that load balancing can move the client.
  public var requestsPerConnectionMax = 100_000
  /// Streams that one HTTP/2 client may have open at once.
  public var streamsPerConnectionMax: UInt32 = 128

  // MARK: Messages

  /// Request lines and header fields of HTTP/1.1.
  public var http1 = HTTP1Limits()
  /// All header fields of an HTTP/2 request, counted as RFC 9113 section 6.5.2 says (431 above it).
  public var headerListBytesMax = 32 * 1024
  /// A request body (413 above it). Handlers usually ask for less.
  public var bodyBytesMax: UInt64 = 1 << 30
  /// What is read and thrown away of a body that the handler did not want, before the connection is closed instead.
  public var drainBytesMax: UInt64 = 256 * 1024

  // MARK: Memory

  /// Received bytes of one HTTP/1.1 connection that wait for the handler, and of one HTTP/2 stream.
  public var inputBytesMax = 256 * 1024
  /// Received bytes of all streams of one HTTP/2 connection that wait for their handlers.
  public var connectionInputBytesMax = 8 << 20
  /// Output that waits for a slow client before the handler's writes suspend.
  public var outputBytesMax = 256 * 1024
  /// Answers of one HTTP/2 connection that wait to be sent, above which its next requests wait.
  public var connectionOutputBytesMax = 1 << 20
  /// Header fields of one HTTP/2 connection's open requests, above which further ones are refused (a sixteenth at most while memory is short).
  public var connectionHeaderBytesMax = 4 << 20
  /// Answers that wait to be sent and header fields of open requests, of all connections of this server, above which memory is short: a connection
  /// then may have a sixteenth of the limits above, and a quarter of `stallMilliseconds`.
  public var heldBytesMax = 16 << 20
  /// HTTP/2 requests of all connections that may wait while memory is short, in even shares, and at least four of each connection. Each takes some
  /// KiB, with its header fields; what is asked for besides is refused, and may be tried again.
  public var deferredRequestsMax = 2_048

  // MARK: Time, in milliseconds

  /// From the first byte of a request (or from connecting) to the end of its header fields. Includes the TLS handshake.
  public var headMilliseconds: UInt64 = 10_000
  /// Without a request on an open connection.
  public var idleMilliseconds: UInt64 = 75_000
  /// How long a client may keep the server waiting, altogether, for each `progressBytesMin` bytes that it sends or takes.
  public var stallMilliseconds: UInt64 = 15_000
  /// With `stallMilliseconds` this is the least rate of a body: 16 KiB per 15 s. Above it a client may take for ever.
  public var progressBytesMin = 16 * 1024
  /// For a client to read the last answer and close, after an error in the middle of its request.
  public var lingerMilliseconds: UInt64 = 2_000

  public init() {}
}

/// What the gateway gives to its callers, besides the limits of its HTTP server and of the doors.
public struct GatewayLimits: Sendable {
  /// A JSON request body.
  public var jsonBytesMax = 1 << 20
  /// How long a call to a service may take.
  public var callMilliseconds: UInt64 = 10_000
  /// How long one chunk may take on its way through an edge.
  public var chunkMilliseconds: UInt64 = 900_000
  /// Edges that are tried for one chunk.
  public var edgesPerChunkMax = 3
  /// For how long an edge that failed is asked last.
  public var edgeRestMilliseconds: UInt64 = 10_000
  /// For how long a plan of edges is used for further chunks of the same upload.
  public var routeMilliseconds: UInt64 = 30_000
  /// Chunks that pass through one loop at once.
  public var chunksMax = 64
  /// How long rate limits wait for Redis: a limit must not cost more than what it protects.
  public var rateMilliseconds: UInt64 = 100

  // MARK: Watching uploads

  /// Different uploads that are watched through one loop at once; each is one stream from UploadState, however many watch it.
  public var watchedUploadsMax = 1_024
  /// A comment is sent after so long, so that whatever is in between does not take the stream for dead.
  public var watchHeartbeatMilliseconds: UInt64 = 15_000
  /// How long clients are told to wait before they connect again.
  public var watchRetryMilliseconds: UInt64 = 1_000
  /// The longest life of one answer; then the client comes again, and its key is looked at again.
  public var watchMilliseconds: UInt64 = 3_600_000
  /// What may wait for one client that reads slowly; one that is further behind is dropped.
  public var watchWaitingBytesMax = 64 << 10
  /// How long an upload that nobody watches any more is still followed: clients come back.
  public var watchLingerMilliseconds: UInt64 = 5_000

  public init() {}
}

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

  public init() {}
}

import ServiceKit

/// The limits of the gateway as settings.
public enum GatewaySettings {
  public static let limits: LimitSettings<GatewayLimits> = {
    var table = LimitSettings(GatewayLimits())
    table.add("gateway.json.bytes", \.jsonBytesMax, 1_024...(64 << 20), "largest JSON request; 413 above it")
    table.add("gateway.call.timeout.ms", \.callMilliseconds, 10...600_000, "longest that a service may take to answer; 504 after it")
    table.add("gateway.chunk.timeout.ms", \.chunkMilliseconds, 1_000...86_400_000, "longest that one chunk may take on its way through an edge")
    table.add("gateway.chunk.edges.max", \.edgesPerChunkMax, 1...100, "edges that are tried for one chunk")
    table.add("gateway.edge.rest.ms", \.edgeRestMilliseconds, 0...3_600_000, "for how long an edge that failed is asked last")
    table.add("gateway.route.ms", \.routeMilliseconds, 0...3_600_000, "for how long a choice of edges is used for further chunks of an upload")
    table.add("gateway.chunks.max", \.chunksMax, 1...100_000, "chunks that pass through one loop at once; 503 above it")
    table.add("gateway.rate.timeout.ms", \.rateMilliseconds, 1...10_000, "longest that rate limits wait for Redis; without it nothing is limited")
    return table
  }()
}

/// The edges of one upload, and in which order to try them for a chunk.
public struct EdgeRota: Sendable, Equatable {
  public struct Edge: Sendable, Equatable {
    public var id: String
    /// host:port for RPC.
    public var address: String
    /// Share of the chunks.
    public var weight: Double

    public init(id: String, address: String, weight: Double) {
      self.id = id
      self.address = address
      self.weight = weight
    }
  }

  public let edges: [Edge]

  public init(edges: [Edge]) { self.edges = edges }

  /// The first by `draw` (0..<1) over the weights, the others behind it in their order; edges in `resting` come last.
  public func order(draw: Double, resting: Set<String> = []) -> [Edge] {
    let fresh = edges.filter { !resting.contains($0.id) }
    let tired = edges.filter { resting.contains($0.id) }
    return Self.rotated(fresh, draw) + tired
  }

  private static func rotated(_ edges: [Edge], _ draw: Double) -> [Edge] {
    let weights = edges.map { $0.weight.isFinite && $0.weight > 0 ? $0.weight : 0 }
    let total = weights.reduce(0, +)
    guard total > 0 else { return edges }
    var left = draw * total
    for (index, weight) in weights.enumerated() {
      left -= weight
      if left < 0 { return Array(edges[index...] + edges[..<index]) }
    }
    return edges
  }
}

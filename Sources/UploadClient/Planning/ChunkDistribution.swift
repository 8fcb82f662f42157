import Model

/// Who sends which chunk. Every chunk starts in the queue of one edge, by the edges' weights; an edge whose queue is empty
/// takes over from the one that would be busy the longest, so that a fast edge ends up with more than it was given.
///
/// A value without I/O: the sender asks `next(for:)`, and reports back with `finished` or `failed`. A chunk is out with at
/// most one edge at a time.
public struct ChunkDistribution: Sendable {
  struct Lane: Sendable {
    let edge: EdgeID
    let weight: Double
    /// Chunks to send, the next one last.
    var waiting: [ChunkIndex] = []
    /// Bytes per second per lane as measured; nil before the first chunk.
    var bytesPerSecond: Double?
    var underWay = 0
  }

  private(set) var lanes: [Lane] = []
  /// Chunks that some edge failed to take, and which: it gets them again only if nobody else is there.
  private var refusals: [ChunkIndex: Set<EdgeID>] = [:]
  private var out: Set<ChunkIndex> = []
  public private(set) var chunksLeft: Int

  /// `edges` with their weights, at least one; weights that are not above 0 count as very small.
  public init(chunks: [ChunkIndex], edges: [(id: EdgeID, weight: Double)]) {
    chunksLeft = chunks.count
    spread(chunks, over: edges)
  }

  /// Chunks that nobody is sending.
  public var chunksWaiting: Int { lanes.reduce(0) { $0 + $1.waiting.count } }
  public var edges: [EdgeID] { lanes.map(\.edge) }
  public func underWay(at edge: EdgeID) -> Int { lanes.first { $0.edge == edge }?.underWay ?? 0 }

  /// The next chunk for an edge, or nil if nothing is left for it. The chunk is then out until `finished` or `failed`.
  ///
  /// `others` are edges that are fit to send: a chunk that this edge has failed before is left to them if there are any.
  public mutating func next(for edge: EdgeID, others: Set<EdgeID>) -> ChunkIndex? {
    guard let own = lanes.firstIndex(where: { $0.edge == edge }) else { return nil }
    let byBurden = lanes.indices.filter { $0 != own }.sorted { burden(lanes[$0]) > burden(lanes[$1]) }
    for lane in [own] + byBurden {
      // From its own queue the next one; from another's the one it would come to last.
      let order = lane == own ? Array(lanes[lane].waiting.indices.reversed()) : Array(lanes[lane].waiting.indices)
      for position in order {
        let chunk = lanes[lane].waiting[position]
        if let refused = refusals[chunk], refused.contains(edge), !others.subtracting(refused).isEmpty { continue }
        lanes[lane].waiting.remove(at: position)
        lanes[own].underWay += 1
        out.insert(chunk)
        return chunk
      }
    }
    return nil
  }

  /// The chunk is stored. `bytesPerSecond` is what this transfer reached, nil where nothing was sent.
  public mutating func finished(_ chunk: ChunkIndex, by edge: EdgeID, bytesPerSecond: Double?) {
    guard out.remove(chunk) != nil else { return }
    chunksLeft -= 1
    refusals[chunk] = nil
    guard let lane = lanes.firstIndex(where: { $0.edge == edge }) else { return }
    lanes[lane].underWay -= 1
    if let bytesPerSecond {
      lanes[lane].bytesPerSecond = lanes[lane].bytesPerSecond.map { $0 + 0.3 * (bytesPerSecond - $0) } ?? bytesPerSecond
    }
  }

  /// The chunk did not get through; it waits again, first in line.
  public mutating func failed(_ chunk: ChunkIndex, by edge: EdgeID) {
    guard out.remove(chunk) != nil else { return }
    refusals[chunk, default: []].insert(edge)
    if let lane = lanes.firstIndex(where: { $0.edge == edge }) { lanes[lane].underWay -= 1 }
    guard let target = lanes.indices.min(by: { burden(lanes[$0]) < burden(lanes[$1]) }) else { return }
    lanes[target].waiting.append(chunk)
  }

  /// Fresh edges: what waits is spread anew. What is out stays out, with lanes that are gone too.
  public mutating func replaceEdges(_ edges: [(id: EdgeID, weight: Double)]) {
    let waiting = lanes.flatMap(\.waiting).sorted()
    let before = lanes
    lanes = []
    spread(waiting, over: edges)
    for index in lanes.indices {
      guard let same = before.first(where: { $0.edge == lanes[index].edge }) else { continue }
      lanes[index].bytesPerSecond = same.bytesPerSecond
      lanes[index].underWay = same.underWay
    }
  }

  /// How long a lane would be busy with what waits in it, in arbitrary but comparable units.
  private func burden(_ lane: Lane) -> Double {
    Double(lane.waiting.count) / max(lane.bytesPerSecond ?? lane.weight, 1e-9)
  }

  /// Deals the chunks out in order so that every lane's share stays as near to its weight as whole chunks allow.
  private mutating func spread(_ chunks: [ChunkIndex], over edges: [(id: EdgeID, weight: Double)]) {
    precondition(!edges.isEmpty, "chunks need an edge to go to")
    lanes = edges.map { Lane(edge: $0.id, weight: max($0.weight.isFinite ? $0.weight : 0, 0.001)) }
    var dealt = [Double](repeating: 0, count: lanes.count)
    for chunk in chunks {
      guard let lane = lanes.indices.min(by: { (dealt[$0] + 1) / lanes[$0].weight < (dealt[$1] + 1) / lanes[$1].weight }) else { return }
      lanes[lane].waiting.append(chunk)
      dealt[lane] += 1
    }
    for lane in lanes.indices { lanes[lane].waiting.reverse() }
  }
}

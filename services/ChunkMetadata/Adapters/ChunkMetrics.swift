import Model
import ServiceKit
import Synchronization

/// What operators see of the chunk map, besides its calls.
final class ChunkMetrics: Sendable {
  private struct PerEdge {
    let chunks: Counter
    let bytes: Counter
  }

  private static let chunksHelp = "Chunks recorded, repetitions included, by edge"
  private static let bytesHelp = "Bytes of chunks recorded, repetitions included, by edge"
  /// Edges named beyond these are counted as "other".
  private static let edgesMax = 1_000

  private let registry: MetricsRegistry
  private let edges = Mutex<[EdgeID: PerEdge]>([:])
  let conflicts: Counter

  init(_ registry: MetricsRegistry) {
    self.registry = registry
    registry.declare("jetty_chunks_recorded_total", Self.chunksHelp, .counter)
    registry.declare("jetty_chunk_bytes_recorded_total", Self.bytesHelp, .counter)
    conflicts = registry.counter("jetty_chunk_conflicts_total", "Chunks refused because other bytes hold their place")
  }

  func recorded(by edge: EdgeID, bytes: UInt64) {
    let series = edges.withLock { edges in
      if let known = edges[edge] { return known }
      let labels: MetricsRegistry.Labels = [("edge", edges.count < Self.edgesMax ? edge.text : "other")]
      let made = PerEdge(
        chunks: registry.counter("jetty_chunks_recorded_total", Self.chunksHelp, labels),
        bytes: registry.counter("jetty_chunk_bytes_recorded_total", Self.bytesHelp, labels))
      if edges.count < Self.edgesMax { edges[edge] = made }
      return made
    }
    series.chunks.increment()
    series.bytes.increment(by: bytes)
  }
}

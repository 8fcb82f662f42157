import ServiceKit

/// What operators see of the chunk map, besides its calls.
struct ChunkMetrics: Sendable {
  let recorded: Counter
  let bytes: Counter
  let conflicts: Counter

  init(_ registry: MetricsRegistry) {
    recorded = registry.counter("jetty_chunks_recorded_total", "Chunks recorded, repetitions included")
    bytes = registry.counter("jetty_chunk_bytes_recorded_total", "Bytes of chunks recorded, repetitions included")
    conflicts = registry.counter("jetty_chunk_conflicts_total", "Chunks refused because other bytes hold their place")
  }
}

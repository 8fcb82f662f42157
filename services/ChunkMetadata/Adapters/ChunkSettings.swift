import ServiceKit

/// The limits of this service as settings.
enum ChunkSettings {
  static let limits: LimitSettings<ChunkLimits> = {
    var table = LimitSettings(ChunkLimits())
    table.add("chunk.metadata.claim.lease.ms", \.claimLeaseMilliseconds, 1_000...3_600_000,
      "how long a claim keeps other bytes away from a chunk's place")
    table.add("chunk.metadata.claim.keep.hours", \.abandonedClaimHours, 1...8_760, "after which a claim that never became a chunk is forgotten")
    table.add("chunk.metadata.sweep.ms", \.sweepMilliseconds, 1_000...86_400_000, "how often such claims are looked for")
    table.add("chunk.metadata.batch.rows.max", \.batchRowsMax, 1...10_000, "chunks that are written by one statement")
    table.add("chunk.metadata.batches.max", \.batchesAtOnceMax, 1...100, "such statements of one kind at once, per loop")
    table.add("chunk.metadata.waiting.max", \.waitingCallsMax, 1...1_000_000, "calls that may wait for such a statement, per loop")
    table.add("chunk.metadata.conflict.retries.max", \.conflictRetriesMax, 0...100, "repetitions of a statement that lost against another")
    table.add("chunk.metadata.note.seconds", \.noteSeconds, 1...604_800,
      "how long Redis keeps what is known of a chunk; clients are told so by cache-chunk")
    table.add("chunk.metadata.upload.seconds", \.uploadSeconds, 1...604_800, "how long Redis keeps the owner and plan of an upload")
    table.add("chunk.metadata.cache.timeout.ms", \.cacheTimeoutMilliseconds, 1...60_000, "longest wait for Redis")
    table.add("chunk.metadata.announcements.max", \.announcementsAtOnceMax, 1...100_000,
      "progress messages on their way to Redis at once, per loop; more are dropped")
    return table
  }()
}

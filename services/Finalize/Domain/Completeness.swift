import Model

/// Whether recorded chunks are a whole file: every index of the plan once, each of its planned size. Set equality, never a counter.
public enum Completeness {
  /// The chunks by index.
  /// - Throws: `FinalizeError.incomplete` where some are missing, `.inconsistent` where there are others than planned.
  public static func check(_ chunks: [RecordedChunk], against plan: UploadPlan) throws(FinalizeError) -> [RecordedChunk] {
    var byIndex = [RecordedChunk?](repeating: nil, count: Int(plan.chunksTotal))
    for chunk in chunks {
      guard let index = ChunkIndex(chunk.index), let size = plan.size(of: index) else {
        throw .inconsistent("chunk \(chunk.index) is recorded, but the plan has only \(plan.chunksTotal)")
      }
      guard chunk.size == size else { throw .inconsistent("chunk \(chunk.index) has \(chunk.size) where the plan has \(size)") }
      guard byIndex[Int(chunk.index)] == nil else { throw .inconsistent("chunk \(chunk.index) is recorded twice") }
      byIndex[Int(chunk.index)] = chunk
    }
    let whole = byIndex.compactMap { $0 }
    guard whole.count == byIndex.count else {
      let missing = byIndex.indices.lazy.filter { byIndex[$0] == nil }.prefix(FinalizeLimits.missingNamedMax).map { UInt32($0) }
      throw .incomplete(uploaded: UInt32(whole.count), expected: plan.chunksTotal, missing: Array(missing))
    }
    return whole
  }
}

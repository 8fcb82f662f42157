import Contracts
import RPC

/// How services treat each other's methods.
enum PeerCalls {
  /// A server that restarts or is just being replaced is asked again, a few times within about a second. Only where asking twice does
  /// no harm: what reads, and what the owner of the data makes repeatable (the same claim, record, registration or closing again).
  /// Not the calls that open, finish or copy something: their callers decide.
  static func configuration(_ limits: PeerCallLimits) -> ServiceConfiguration {
    var service = ServiceConfiguration(
      retryThrottling: RetryThrottling(tokensMax: limits.tokensMax, tokenRatio: Double(limits.tokenPercent) / 100))
    guard limits.attemptsMax > 1 else { return service }
    let retry = RetryPolicy(
      attemptsMax: limits.attemptsMax, backoffInitialMilliseconds: limits.backoffInitialMilliseconds,
      backoffMaxMilliseconds: limits.backoffMaxMilliseconds, retryableCodes: [.unavailable])
    for method in repeatable { service.set(MethodConfiguration(retry: retry), for: method) }
    return service
  }

  static let repeatable: [MethodDescriptor] = [
    ChunkMetadataMethods.claimChunk, ChunkMetadataMethods.recordChunk, ChunkMetadataMethods.listChunks, ChunkMetadataMethods.missingChunks,
    ChunkMetadataMethods.summarizeChunks, ChunkMetadataMethods.dropChunks,
    DedupMethods.checkDuplicate, DedupMethods.registerFile, DedupMethods.forgetFile,
    EdgeSelectionMethods.listEdges,
    FinalizeMethods.getUsage,
    UploadStateMethods.getUpload, UploadStateMethods.getState, UploadStateMethods.listExpired, UploadStateMethods.getStats,
  ]
}

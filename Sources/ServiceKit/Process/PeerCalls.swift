import Contracts
import RPC

/// How services treat each other's methods.
enum PeerCalls {
  /// A server that restarts or is just being replaced is asked again, a few times within about a second. Only where asking twice does
  /// no harm: what reads, and what the owner of the data makes repeatable (the same claim, record, registration or closing again).
  /// Not the calls that open, finish or copy something: their callers decide.
  static let configuration: ServiceConfiguration = {
    var service = ServiceConfiguration(retryThrottling: RetryThrottling(tokensMax: 100, tokenRatio: 0.1))
    let retry = RetryPolicy(attemptsMax: 3, backoffInitialMilliseconds: 50, backoffMaxMilliseconds: 500, retryableCodes: [.unavailable])
    for method in repeatable { service.set(MethodConfiguration(retry: retry), for: method) }
    return service
  }()

  static let repeatable: [MethodDescriptor] = [
    ChunkMetadataMethods.claimChunk, ChunkMetadataMethods.recordChunk, ChunkMetadataMethods.listChunks, ChunkMetadataMethods.missingChunks,
    ChunkMetadataMethods.summarizeChunks, ChunkMetadataMethods.dropChunks,
    DedupMethods.checkDuplicate, DedupMethods.registerFile, DedupMethods.forgetFile,
    EdgeSelectionMethods.listEdges,
    FinalizeMethods.getUsage,
    UploadStateMethods.getUpload, UploadStateMethods.getState, UploadStateMethods.listExpired, UploadStateMethods.getStats,
  ]
}

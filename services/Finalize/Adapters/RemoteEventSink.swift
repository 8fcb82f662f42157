import Contracts
import RPC

/// Tells Dedup, UploadState and ChunkMetadata, each by its own RPC.
struct RemoteEventSink: EventSink {
  let dedup: DedupClient
  let uploads: UploadStateClient
  let chunks: ChunkMetadataClient
  var limits = FinalizeLimits()

  func deliver(_ event: OutboxEvent) async throws {
    let options = CallOptions.internalCall(for: event.account, limits)
    do {
      switch event {
      case .registerFile(let file):
        _ = try await dedup.registerFile(RegisterFileRequest(file), options: options)
      case .forgetFile(let id, let account):
        _ = try await dedup.forgetFile(ForgetFileRequest(fileId: id.text, accountId: account.text), options: options)
      case .closeUpload:
        _ = try await uploads.closeUpload(CloseUploadRequest(event), options: options)
      case .dropChunks(let id, _):
        _ = try await chunks.dropChunks(DropChunksRequest(fileId: id.text), options: options)
      }
    } catch let error as RPCError where error.code == .notFound {
      // What is to be forgotten or closed is not there: that is what was wanted.
    }
  }
}

import Contracts
import Logging
import Model
import RPC

/// Asks Dedup for a stored copy and Finalize for a clone of it.
///
/// An upload that might have been spared is better than one that fails: where either service is away, there is no duplicate.
struct RemoteDuplicates: Duplicates {
  let dedup: DedupClient
  let finalize: FinalizeClient
  let logger: Logger
  var limits = EdgeLimits()

  func clone(hash: ContentHash, for inquiry: UploadInquiry) async throws -> ClonedFile? {
    do {
      // Without a name Dedup looks for the same bytes only: similar files are not asked for here, and finding them takes longer.
      let request = CheckDuplicateRequest(fileHash: hash.text, fileSize: inquiry.fileSize.rawValue, userId: inquiry.caller.user.text)
      let timeout = CallOptions(timeoutMilliseconds: limits.duplicateCheckMilliseconds)
      // A similar file is a different file: only the same bytes are a duplicate.
      guard let found = try await dedup.checkDuplicate(request, options: timeout).duplicate, found.type == .exact else { return nil }
      let clone = try await finalize.cloneFile(
        CloneFileRequest(
          sourceFileId: found.fileId, userId: inquiry.caller.user.text, fileName: inquiry.fileName ?? "", fileType: inquiry.mediaType ?? ""),
        options: CallOptions(timeoutMilliseconds: limits.cloneMilliseconds))
      guard let file = clone.file, let id = FileID(file.id), file.size == inquiry.fileSize.rawValue else { return nil }
      return ClonedFile(
        fileID: id, url: file.url, savedBytes: ByteCount(clone.savedBytes), savedCost: MicroDollars(clone.savedCostMicroDollars))
    } catch let error as RPCError {
      if error.code == .cancelled { throw error }
      logger.warning("going on without the duplicate check", metadata: ["error": "\(error)"])
      return nil
    }
  }
}

import Contracts
import RPC

extension File {
  init(_ finished: FinishedFile) {
    let file = finished.file
    self.init(
      id: file.id.text, url: finished.url, size: file.size.rawValue, fileHash: file.hash?.text ?? "", name: file.name, mediaType: file.mediaType,
      urlExpiresAt: finished.urlExpiresAt, verified: file.isVerified)
  }
}

extension RPCError {
  /// What callers are told when there is no file.
  init(_ error: FinalizeError) {
    switch error {
    case .uploadNotFound:
      self = .problem(.notFound, reason: "UPLOAD_NOT_FOUND", field: "fileId", message: "there is no such upload")
    case .fileNotFound:
      self = .problem(.notFound, reason: "FILE_NOT_FOUND", field: "sourceFileId", message: "there is no such file")
    case .uploadEnded:
      self = .problem(
        .failedPrecondition, reason: "UPLOAD_ENDED", field: "fileId", message: "this upload has ended: it was given up or has expired")
    case .alreadyCompleted:
      self = .problem(
        .failedPrecondition, reason: "UPLOAD_COMPLETED", field: "fileId", message: "this upload is completed and cannot be given up")
    case .chunksTotalDiffers(let planned):
      self = .problem(
        .invalidArgument, reason: "INVALID_FIELD", field: "totalChunks",
        message: "totalChunks must be \(planned), as it was planned when this upload was opened")
    case .incomplete(let uploaded, let expected, let missing):
      self = .problem(
        .failedPrecondition, reason: "INCOMPLETE_UPLOAD", message: "Incomplete upload",
        incomplete: IncompleteUpload(uploaded: uploaded, expected: expected, missing: missing))
    case .busy:
      self = .problem(
        .unavailable, reason: "FINALIZE_IN_PROGRESS", field: "fileId", message: "another call is finishing this upload; try again",
        retryAfterSeconds: 2)
    case .inconsistent:
      self = .problem(.internalError, reason: "INCONSISTENT_UPLOAD", field: "fileId", message: "what is recorded of this upload contradicts itself")
    case .bytesLost:
      self = .problem(
        .dataLoss, reason: "UPLOAD_LOST", field: "fileId",
        message: "the object store does not hold what was recorded of this upload; it must be begun again")
    case .storeFull:
      self = .problem(
        .unavailable, reason: "STORE_FULL", message: "the object store is full; what was uploaded is kept, try again later", retryAfterSeconds: 60)
    case .storeAway(let seconds, _):
      self = .problem(
        .unavailable, reason: "STORE_UNAVAILABLE", message: "the object store is away; what was uploaded is kept, try again",
        retryAfterSeconds: seconds ?? 5)
    }
  }
}

import Contracts
import RPC

extension RPCError {
  /// The one table from a refused chunk to what its sender is told. `field` is what errors about the bytes name: `data` or `body`.
  init(_ refusal: ChunkRefusal, field: String) {
    switch refusal {
    case .busy(let seconds):
      self = .problem(
        .unavailable, reason: "BUSY", message: "This edge is taking as many chunks as it can. Send the chunk again, or to another edge.",
        retryAfterSeconds: seconds)
    case .hashMismatch:
      self = .problem(
        .invalidArgument, reason: "HASH_MISMATCH", field: "hash", message: "Hash mismatch: the chunk's bytes do not have the SHA-256 that hash says")
    case .tooManyBytes(let expected):
      self = .problem(.invalidArgument, reason: "WRONG_LENGTH", field: field, message: "\(field) must have \(expected) bytes and has more")
    case .tooFewBytes(let expected, let received):
      self = .problem(.invalidArgument, reason: "WRONG_LENGTH", field: field, message: "\(field) must have \(expected) bytes and has \(received)")
    case .coreAway(let seconds):
      self = .problem(
        .unavailable, reason: "UNAVAILABLE", message: "The chunk cannot be recorded for a moment. Send it again.", retryAfterSeconds: seconds)
    case .storeAway(let seconds):
      self = .problem(
        .unavailable, reason: "UNAVAILABLE", message: "The store does not answer for a moment. Send the chunk again.", retryAfterSeconds: seconds)
    case .storeFull:
      self = .problem(
        .unavailable, reason: "STORE_FULL", message: "The store is full. Send the chunk again once there is room.", retryAfterSeconds: 30)
    case .uploadForgotten:
      self = .problem(
        .unavailable, reason: "UNAVAILABLE", message: "The upload moved in the store. Send the chunk again.", retryAfterSeconds: 1)
    case .uploadEnded:
      self = .problem(
        .failedPrecondition, reason: "UPLOAD_ENDED", field: "fileId", message: "The upload has ended: finalized, aborted or expired")
    }
  }
}

/// What a failed call to the core means for a chunk: away, or an answer that its sender must see.
enum CoreFailure {
  static func refusal(_ error: any Error) -> any Error {
    guard let error = error as? RPCError else { return error }
    switch error.code {
    case .unavailable, .deadlineExceeded, .resourceExhausted:
      return ChunkRefusal.coreAway(retryAfterSeconds: max(1, error.problem?.retryAfterSeconds ?? 1))
    default:
      return error
    }
  }
}

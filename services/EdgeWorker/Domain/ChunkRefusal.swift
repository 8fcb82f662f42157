/// Why a chunk was not stored. What was stored before stays as it was in every case.
public enum ChunkRefusal: Error, Sendable, Equatable {
  /// This edge has its hands full.
  case busy(retryAfterSeconds: UInt32)
  /// The bytes are not those that the hash names.
  case hashMismatch
  /// More bytes than the plan has for this chunk, or fewer; `received` is what came, where it ended.
  case tooManyBytes(expected: UInt64)
  case tooFewBytes(expected: UInt64, received: UInt64)
  /// The services that keep the books do not answer.
  case coreAway(retryAfterSeconds: UInt32)
  /// The store does not answer.
  case storeAway(retryAfterSeconds: UInt32)
  case storeFull
  /// The store no longer knows the multipart upload; the next attempt asks the core about it afresh.
  case uploadForgotten
  /// The upload has been finalized, aborted or has expired.
  case uploadEnded

  /// The same chunk may succeed later, without anything else changing.
  public var mayRetry: Bool {
    switch self {
    case .busy, .coreAway, .storeAway, .storeFull, .uploadForgotten: true
    case .hashMismatch, .tooManyBytes, .tooFewBytes, .uploadEnded: false
    }
  }
}

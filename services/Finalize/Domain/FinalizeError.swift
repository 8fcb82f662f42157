import Model

/// Why a file was not finished, cloned or given up.
public enum FinalizeError: Error, Sendable, Equatable {
  /// There is no such upload, or it is not the caller's: nobody is told which.
  case uploadNotFound
  /// There is no such file for a clone, or the caller may not have it.
  case fileNotFound
  /// The upload was given up or has expired.
  case uploadEnded
  /// The upload is a file already and cannot be given up.
  case alreadyCompleted
  case chunksTotalDiffers(planned: UInt32)
  /// `missing` names the first 1,000 at most.
  case incomplete(uploaded: UInt32, expected: UInt32, missing: [UInt32])
  /// Another call is completing this upload, or giving it up, and is not done yet.
  case busy
  /// The chunk map and the plan contradict each other: our own fault.
  case inconsistent(String)
  /// The store does not hold what was recorded: the upload must be begun again.
  case bytesLost(String)
  case storeFull
  case storeAway(retryAfterSeconds: UInt32?, detail: String)
}

/// What an object vault says when it cannot do something.
public enum VaultError: Error, Sendable, Equatable {
  /// It knows no such multipart upload (any more).
  case noSuchUpload
  /// It knows no such object.
  case noSuchObject
  /// It holds other parts than those named.
  case partsDiffer(String)
  case full
  case away(retryAfterSeconds: UInt32?, detail: String)
  case refused(String)

  /// The same, as what it means for a caller who wanted a file finished.
  var forCaller: FinalizeError {
    switch self {
    case .noSuchUpload: .bytesLost("the store has no such multipart upload")
    case .noSuchObject: .bytesLost("the store has no such object")
    case .partsDiffer(let detail): .bytesLost(detail)
    case .full: .storeFull
    case .away(let seconds, let detail): .storeAway(retryAfterSeconds: seconds, detail: detail)
    case .refused(let detail): .storeAway(retryAfterSeconds: nil, detail: detail)
    }
  }
}

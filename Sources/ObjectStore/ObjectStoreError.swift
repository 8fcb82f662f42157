/// Why a store did not do what it was asked. The texts name keys and the store's own words; they are for the log,
/// and a service says its own sentence to its client.
public enum ObjectStoreError: Error, Sendable, Equatable {
  /// The text is no object key.
  case invalidKey(String)
  /// There is no object of that key.
  case notFound(String)
  /// There is no such multipart upload: never begun, completed, or aborted.
  case noSuchUpload
  /// A multipart upload was completed with a part that the store does not hold with that ETag, or out of order.
  case invalidPart(number: Int?)
  /// A part other than the last is below the store's minimum.
  case partTooSmall
  /// The caller asked for something that no store does: a part number of 0, a range past the end.
  case invalidRequest(String)
  /// A body gave fewer or more bytes than it was said to have. Nothing was stored.
  case sizeMismatch(expected: UInt64, received: UInt64)
  /// No room: the disk or the quota is full.
  case storeFull
  /// The store does not let these credentials do this.
  case accessDenied(String)
  /// The store is away, overloaded or broken for now.
  case unavailable(retryAfterSeconds: UInt32?, detail: String)
  /// An answer or a file that does not make sense.
  case unexpected(String)

  /// Whether the same call may succeed later without anything else changing.
  public var isRetryable: Bool {
    switch self {
    case .unavailable, .storeFull: true
    default: false
    }
  }
}

extension ObjectStoreError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .invalidKey(let why): "invalid object key: \(why)"
    case .notFound(let key): "no object \(key)"
    case .noSuchUpload: "no such multipart upload"
    case .invalidPart(let number?): "part \(number) is not stored with that ETag"
    case .invalidPart(nil): "a part is not stored with the given ETag, or the parts are out of order"
    case .partTooSmall: "a part other than the last is below the store's minimum of \(ObjectStoreLimits.partBytesMin) bytes"
    case .invalidRequest(let why): why
    case .sizeMismatch(let expected, let received): "the body was said to have \(expected) bytes and gave \(received)"
    case .storeFull: "the object store is full"
    case .accessDenied(let detail): "the object store denies access: \(detail)"
    case .unavailable(_, let detail): "the object store is unavailable: \(detail)"
    case .unexpected(let detail): "the object store gave an answer that makes no sense: \(detail)"
    }
  }
}

import Model

/// Why an upload, or a question about one, came to nothing. The description is one sentence for a person at a terminal.
public struct UploadFailure: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Kind: Sendable, Hashable {
    /// The file cannot be read, or is not a regular file.
    case file
    /// The file is not what it was when its upload began.
    case fileChanged
    /// The API key or upload token is not accepted.
    case unauthorized
    /// No such upload, file or account, or not the caller's.
    case notFound
    /// The service refuses the request as it stands; trying again will not help.
    case refused
    /// The service or the network cannot now; trying again may help.
    case unavailable
    /// What came back makes no sense.
    case protocolViolation
  }

  public var kind: Kind
  public var message: String
  /// Where the service said how long to wait.
  public var retryAfterSeconds: UInt64?
  /// The service's own word for what is wrong, e.g. `BUDGET_TOO_SMALL`.
  public var reason: String?
  /// The HTTP status that it came with, if any.
  public var status: Int?

  public init(_ kind: Kind, _ message: String, retryAfterSeconds: UInt64? = nil, reason: String? = nil) {
    self.kind = kind
    self.message = message
    self.retryAfterSeconds = retryAfterSeconds
    self.reason = reason
  }

  public var isRetryable: Bool { kind == .unavailable }
  public var description: String { message }
}

/// The wire has a message of the same name; here the plan with its arithmetic is meant.
typealias UploadPlan = Model.UploadPlan

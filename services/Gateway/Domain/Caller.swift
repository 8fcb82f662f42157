import Model

/// Who a request acts for, once that is known.
public struct Caller: Sendable, Hashable {
  public var account: AccountID
  /// Requests per second that all keys of the account may make together; nil where nobody counts (an upload token is bound to one file).
  public var requestsPerSecondMax: UInt32?

  public init(account: AccountID, requestsPerSecondMax: UInt32?) {
    self.account = account
    self.requestsPerSecondMax = requestsPerSecondMax
  }
}

/// Who API keys belong to.
public protocol CallerBook: Sendable {
  /// The caller behind a key; nil where it opens nothing.
  func caller(key: String) async throws -> Caller?
  /// An upload began for this end user of the account.
  func note(user: UserID, of account: AccountID) async
}

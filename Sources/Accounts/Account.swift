import Model

/// A tenant.
public struct Account: Sendable, Hashable {
  public var id: AccountID
  public var name: String
  /// How many requests per second its keys may make together at one gateway loop group.
  public var requestsPerSecondMax: UInt32

  public init(id: AccountID, name: String, requestsPerSecondMax: UInt32) {
    self.id = id
    self.name = name
    self.requestsPerSecondMax = requestsPerSecondMax
  }
}

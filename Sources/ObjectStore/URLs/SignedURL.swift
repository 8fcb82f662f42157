/// An address that gives one private object to whoever has it, until it expires.
public struct SignedURL: Sendable, Equatable {
  public var url: String
  /// Unix milliseconds.
  public var expiresAtMilliseconds: Int64
}

/// An address and headers for storing one part without credentials.
public struct SignedUpload: Sendable {
  public var url: String
  /// To be sent exactly so: they are signed.
  public var headers: [(name: String, value: String)]
  /// Unix milliseconds.
  public var expiresAtMilliseconds: Int64
}

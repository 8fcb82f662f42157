/// A request that breaks RFC 9112 or a limit. The connection cannot be used after it: where the next request would start is unknown.
public struct HTTP1Error: Error, Equatable, Sendable {
  /// What to answer before closing: 400, 413, 414, 417, 431, 501 or 505.
  public let status: Int
  /// One sentence, safe to send to the peer. Never quotes what the peer sent.
  public let reason: String

  public init(status: Int = 400, _ reason: String) {
    self.status = status
    self.reason = reason
  }
}

import TLS

/// How one server listens.
public struct HTTPServerConfiguration: Sendable {
  public var limits: HTTPServerLimits
  /// Nil for plain connections. Make it with the ALPN protocols "h2" and "http/1.1".
  public var tls: TLSContext?

  public init(limits: HTTPServerLimits = HTTPServerLimits(), tls: TLSContext? = nil) {
    self.limits = limits
    self.tls = tls
  }
}

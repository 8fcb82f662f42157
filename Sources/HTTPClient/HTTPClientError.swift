/// Why there is no response, or no whole one. A response with an error status is not an error here.
public struct HTTPClientError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Kind: Sendable, Equatable {
    /// The URL, a header or the configuration cannot be used.
    case invalidRequest
    /// The host name has no address.
    case nameResolution
    /// No connection: refused, unreachable, not within the connect time-out.
    case connect
    /// The TLS handshake failed or the certificate is not trusted.
    case tls
    /// The peer made no progress for the stall time-out, or the request took longer than it was given.
    case timeout
    /// The connection broke before the response was whole.
    case connectionLost
    /// The peer does not speak HTTP, or its header section is over the limit.
    case malformedResponse
    /// The response body is longer than the caller takes.
    case responseTooLarge
    /// The body gave fewer or more bytes than it was said to have.
    case bodySizeMismatch
    /// Too many requests are under way at this client.
    case tooBusy
    /// The client was closed.
    case closed
  }

  public var kind: Kind
  /// For the log: what libcurl said. May name the host, never credentials.
  public var detail: String

  /// With `.bodySizeMismatch`: the bytes that the body gave.
  public var bodyBytesReceived: UInt64?

  public init(_ kind: Kind, _ detail: String, bodyBytesReceived: UInt64? = nil) {
    self.kind = kind
    self.detail = detail
    self.bodyBytesReceived = bodyBytesReceived
  }

  /// Whether the same request may succeed a little later.
  public var isRetryable: Bool {
    switch kind {
    case .nameResolution, .connect, .timeout, .connectionLost, .tooBusy: true
    case .invalidRequest, .tls, .malformedResponse, .responseTooLarge, .bodySizeMismatch, .closed: false
    }
  }

  public var description: String { "HTTP request failed (\(kind)): \(detail)" }
}

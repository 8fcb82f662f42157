import HTTP1

/// One response, the same for HTTP/1.1 and HTTP/2. Content-Length, framing and Date are added when it is sent.
public struct HTTPResponse: Sendable {
  public enum Body: Sendable {
    case none
    case bytes([UInt8])
    /// Part of a file, read piece by piece on the loop's thread pool.
    case file(HTTPFileSlice)
    /// Written as it is made. Where `length` is given, exactly so many bytes must be written.
    case stream(length: UInt64?, write: @Sendable (HTTPResponseWriter) async throws -> Void)
  }

  public var status: Int
  public var fields: HTTPFields
  public var body: Body

  public init(status: Int, fields: HTTPFields = HTTPFields(), body: Body = .none) {
    self.status = status
    self.fields = fields
    self.body = body
  }

  /// A body of one piece with its media type.
  public init(status: Int = 200, contentType: String, _ bytes: [UInt8]) {
    self.init(status: status, fields: HTTPFields([("content-type", contentType)]), body: .bytes(bytes))
  }

  public static func json(_ bytes: [UInt8], status: Int = 200) -> HTTPResponse {
    HTTPResponse(status: status, contentType: "application/json", bytes)
  }

  public static func text(_ text: String, status: Int = 200) -> HTTPResponse {
    HTTPResponse(status: status, contentType: "text/plain; charset=utf-8", Array(text.utf8))
  }
}

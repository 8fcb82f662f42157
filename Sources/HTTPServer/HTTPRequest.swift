import EventLoops
import HTTP1

/// One request, the same for HTTP/1.1 and HTTP/2.
public struct HTTPRequest: Sendable {
  public enum Version: String, Sendable {
    case http10 = "HTTP/1.0"
    case http11 = "HTTP/1.1"
    case http2 = "HTTP/2"
  }

  /// As sent: methods are case-sensitive.
  public let method: String
  /// Path as sent, percent-encoded, without the query. "*" for `OPTIONS *`.
  public let path: String
  /// What follows "?", as sent; empty where there is none.
  public let query: String
  public let version: Version
  public let isSecure: Bool
  /// Host and port as the client named them.
  public let authority: String
  public let fields: HTTPFields
  public let body: HTTPRequestBody
  public let peer: SocketAddress
  /// For metrics and logs.
  public let record: HTTPRequestRecord
  /// The loop that everything about this request happens on.
  public let loop: EventLoop

  init(
    method: String, pathAndQuery: String, version: Version, isSecure: Bool, authority: String, fields: HTTPFields, body: HTTPRequestBody,
    peer: SocketAddress, loop: EventLoop
  ) {
    self.method = method
    if let mark = pathAndQuery.utf8.firstIndex(of: 0x3F) {
      path = String(pathAndQuery[..<mark])
      query = String(pathAndQuery[pathAndQuery.utf8.index(after: mark)...])
    } else {
      path = pathAndQuery
      query = ""
    }
    self.version = version
    self.isSecure = isSecure
    self.authority = authority
    self.fields = fields
    self.body = body
    self.peer = peer
    self.loop = loop
    record = HTTPRequestRecord(begunNanoseconds: loop.nowNanoseconds)
  }
}

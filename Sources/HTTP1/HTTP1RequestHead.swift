/// Request line and header fields of one HTTP/1.x request, with what they say about the body.
public struct HTTP1RequestHead: Sendable, Equatable {
  public enum Version: Sendable, Equatable {
    case http10
    case http11
  }

  public enum Framing: Sendable, Equatable {
    /// Also for `Content-Length: 0`.
    case none
    /// Bytes that follow.
    case length(UInt64)
    case chunked
  }

  public var method: String
  /// As sent: origin-form ("/path?query"), absolute-form, authority-form (CONNECT) or "*" (OPTIONS).
  public var target: String
  public var version: Version
  public var fields: HTTPFields
  public var framing: Framing
  /// The client wants the connection to stay open.
  public var keepAlive: Bool
  /// The client waits for `100 Continue` before it sends the body.
  public var expectsContinue: Bool

  /// Scheme-less authority of the request: of an absolute-form target, else the Host field. Empty where there is none.
  public var authority: String {
    if let absolute = absoluteParts { return absolute.authority }
    return fields["host"] ?? ""
  }

  /// Path and query of the request, whatever the form of its target. "*" for `OPTIONS *`; empty for CONNECT.
  public var pathAndQuery: String {
    if let absolute = absoluteParts { return absolute.rest.isEmpty ? "/" : absolute.rest }
    return method == "CONNECT" ? "" : target
  }

  private var absoluteParts: (authority: String, rest: String)? {
    guard target.utf8.first != 0x2F, let scheme = target.range(of: "://") else { return nil }
    let after = target[scheme.upperBound...]
    let end = after.firstIndex { $0 == "/" || $0 == "?" } ?? after.endIndex
    let rest = after[end...]
    return (String(after[..<end]), rest.first == "?" ? "/" + rest : String(rest))
  }
}

extension String {
  /// Foundation's search without Foundation; the texts here are short.
  fileprivate func range(of other: StaticString) -> Range<Index>? {
    let wanted = UnsafeBufferPointer(start: other.utf8Start, count: other.utf8CodeUnitCount)
    var start = utf8.startIndex
    while start != utf8.endIndex {
      if utf8[start...].starts(with: wanted) { return start..<utf8.index(start, offsetBy: wanted.count) }
      start = utf8.index(after: start)
    }
    return nil
  }
}

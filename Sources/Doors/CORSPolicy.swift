import HTTP1
import HTTPServer

/// Which web pages may call. Credentials are bearer tokens that a page sends on purpose, never cookies, so "*" is safe.
public struct CORSPolicy: Sendable {
  private let origins: Set<String>
  private let allowsAll: Bool

  /// - Parameter origins: such as "https://app.example.org", separated by commas; "*" for all; empty for none.
  public init(origins: String) {
    let list = origins.split(separator: ",").map { $0.drop { $0 == " " } }.map(String.init)
    allowsAll = list.contains("*")
    self.origins = Set(list)
  }

  private static let methods = "GET, HEAD, POST, PUT, OPTIONS"
  private static let requestFields =
    "authorization, content-type, content-digest, content-encoding, range, if-none-match, if-range, last-event-id, cache-control, "
    + "jetty-request-id, traceparent, tracestate"
  private static let responseFields = "etag, content-range, accept-ranges, retry-after, location, jetty-request-id, content-disposition"

  /// The answer to a preflight request, or nil where `request` is none.
  public func preflight(_ request: HTTPRequest) -> HTTPResponse? {
    guard request.method == "OPTIONS", request.fields.contains("origin"), request.fields.contains("access-control-request-method") else {
      return nil
    }
    var response = HTTPResponse(status: 204)
    apply(to: &response, of: request)
    guard response.fields.contains("access-control-allow-origin") else {
      return .problem(403, "Pages of this origin may not call.", reason: "ORIGIN")
    }
    response.fields.add("access-control-allow-methods", Self.methods)
    response.fields.add("access-control-allow-headers", Self.requestFields)
    response.fields.add("access-control-max-age", "86400")
    return response
  }

  /// Adds what a browser needs to show the answer to the page.
  public func apply(to response: inout HTTPResponse, of request: HTTPRequest) {
    guard let origin = request.fields["origin"] else { return }
    guard allowsAll || origins.contains(origin) else { return }
    response.fields.add("access-control-allow-origin", allowsAll ? "*" : origin)
    if !allowsAll { response.fields.add("vary", "origin") }
    response.fields.add("access-control-expose-headers", Self.responseFields)
  }
}

import HTTPServer

/// Serves the pages: GET and HEAD, with entity tags, compressed for those who take it.
struct WebDoor: Sendable {
  private let files: WebFiles
  private let policy: String

  /// - Parameter allowsPlainHTTP: edges may be called without TLS. Only where the gateway itself is.
  init(files: WebFiles, allowsPlainHTTP: Bool) {
    self.files = files
    // Scripts, styles and workers of this origin only, nothing inline, no frames, no forms that go anywhere. Chunks go to edges, whose
    // addresses the registry knows and this page does not.
    policy = [
      "default-src 'none'", "script-src 'self'", "worker-src 'self'", "style-src 'self'", "img-src 'self'", "manifest-src 'self'",
      "connect-src 'self' https:" + (allowsPlainHTTP ? " http:" : ""), "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
      "require-trusted-types-for 'script'", "trusted-types jetty-worker",
    ].joined(separator: "; ")
  }

  /// Nil where there is no such file.
  func answer(_ request: HTTPRequest) -> HTTPResponse? {
    guard let file = files[request.path] else { return nil }
    guard request.method == "GET" || request.method == "HEAD" else { return .notAllowed("GET, HEAD") }
    let gzip = Self.accepts("gzip", request.fields["accept-encoding"]) ? file.gzip : nil
    let etag = "\"\(file.etag)\(gzip == nil ? "" : "-gzip")\""
    var response = HTTPResponse(status: 200)
    response.fields.add("etag", etag)
    // Names stay the same from version to version: browsers keep the file and ask whether it still holds.
    response.fields.add("cache-control", "no-cache")
    if file.gzip != nil { response.fields.add("vary", "accept-encoding") }
    addPolicy(to: &response)
    guard !EntityTag.matches(request.fields["if-none-match"], etag) else {
      response.status = 304
      return response
    }
    response.fields.add("content-type", file.contentType)
    if gzip != nil { response.fields.add("content-encoding", "gzip") }
    response.body = .bytes(gzip ?? file.bytes)
    return response
  }

  private func addPolicy(to response: inout HTTPResponse) {
    response.fields.add("content-security-policy", policy)
    response.fields.add("x-content-type-options", "nosniff")
    response.fields.add("referrer-policy", "no-referrer")
    response.fields.add("cross-origin-opener-policy", "same-origin")
    response.fields.add("cross-origin-resource-policy", "same-origin")
    response.fields.add("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
  }

  /// RFC 9110 section 12.5.3, without weights but for zero.
  private static func accepts(_ coding: String, _ field: String?) -> Bool {
    guard let field else { return false }
    return field.split(separator: ",").contains { item in
      let parts = item.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
      return parts.first == coding && !parts.dropFirst().contains { $0.hasPrefix("q=0") && !$0.dropFirst(3).contains { $0 != "." && $0 != "0" } }
    }
  }
}

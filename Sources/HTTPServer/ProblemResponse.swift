import HTTP1
import JSON

extension HTTPResponse {
  /// application/problem+json (RFC 9457) that also carries the documented `error` member.
  /// - Parameters:
  ///   - error: one sentence for people; safe to show.
  ///   - reason: a stable word for programs, such as "NOT_FOUND".
  ///   - field: JSON path of the offending field, where there is one.
  ///   - members: writes further members of the object.
  public static func problem(
    _ status: Int, _ error: String, reason: String? = nil, field: String? = nil, members: (inout JSONWriter) -> Void = { _ in }
  ) -> HTTPResponse {
    var json = JSONWriter()
    json.beginObject()
    json.key("type")
    json.string("about:blank")
    json.key("title")
    json.string(HTTPStatus.reasonPhrase(status))
    json.key("status")
    json.integer(Int64(status))
    json.key("detail")
    json.string(error)
    json.key("error")
    json.string(error)
    if let reason {
      json.key("reason")
      json.string(reason)
    }
    if let field {
      json.key("field")
      json.string(field)
    }
    members(&json)
    json.endObject()
    return HTTPResponse(status: status, contentType: "application/problem+json", json.bytes)
  }

  /// The answer to a body that could not be read.
  public static func problem(_ error: HTTPBodyError) -> HTTPResponse {
    problem(error.status, error.reason)
  }
}

extension HTTPResponse {
  /// 405 for a path that exists; `methods` is what it allows.
  public static func notAllowed(_ methods: String) -> HTTPResponse {
    var response = problem(405, "This path allows \(methods).", reason: "METHOD_NOT_ALLOWED")
    response.fields.add("allow", methods)
    return response
  }
}

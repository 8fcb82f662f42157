import Contracts
import HTTP1
import HTTPServer
import JSON
import RPC

/// The one table from what went wrong to an HTTP status. The reason decides where there is one, else the code.
public enum HTTPStatusTable {
  public static func status(code: StatusCode, reason: String) -> Int {
    byReason[reason] ?? byCode[code] ?? 500
  }

  private static let byReason: [String: Int] = [
    "INVALID_FIELD": 400, "INVALID_JSON": 400, "INCOMPLETE_UPLOAD": 400, "HASH_MISMATCH": 400, "WRONG_LENGTH": 400,
    "UNAUTHENTICATED": 401, "TOKEN_EXPIRED": 401,
    "NOT_FOUND": 404,
    "CHUNK_CONFLICT": 409, "UPLOAD_ENDED": 409,
    // The store has lost the parts: asking again cannot help, sending the file again does.
    "UPLOAD_LOST": 410,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "BUDGET_TOO_SMALL": 422,
    "RATE_LIMITED": 429,
    "UNAVAILABLE": 503, "BUSY": 503, "STORE_FULL": 503, "REGISTRY_FULL": 503,
  ]

  /// After Google's API design guide, but FAILED_PRECONDITION: a state that forbids the request is a conflict.
  private static let byCode: [StatusCode: Int] = [
    .cancelled: 499, .invalidArgument: 400, .deadlineExceeded: 504, .notFound: 404, .alreadyExists: 409, .permissionDenied: 403,
    .resourceExhausted: 429, .failedPrecondition: 409, .aborted: 409, .outOfRange: 400, .unimplemented: 501, .unavailable: 503,
    .unauthenticated: 401,
  ]
}

extension RPCError {
  /// No service said this: the connection to one failed, and the message tells its address. For the log, not for clients.
  public var isOutOfReach: Bool { code == .unavailable && problem == nil }
}

extension HTTPResponse {
  /// application/problem+json for an RPC that failed: the sentence, the reason, and the members of its Problem, flattened.
  public static func problem(_ error: RPCError) -> HTTPResponse {
    let detail = error.problem
    let reason = detail?.reason ?? error.code.name
    let status = HTTPStatusTable.status(code: error.code, reason: detail?.reason ?? "")
    let sentence =
      error.isOutOfReach
      ? "A part of the service does not answer just now. Try again." : error.message.isEmpty ? HTTPStatus.reasonPhrase(status) : error.message
    let field = detail.flatMap { $0.field.isEmpty ? nil : $0.field }
    var response = problem(status, sentence, reason: reason, field: field) { json in
      if let incomplete = detail?.incomplete {
        json.key("uploaded")
        json.integer(UInt64(incomplete.uploaded))
        json.key("expected")
        json.integer(UInt64(incomplete.expected))
        json.key("missing")
        json.beginArray()
        for index in incomplete.missing { json.integer(UInt64(index)) }
        json.endArray()
      }
      if let budget = detail?.budget {
        json.key("minimumCost")
        json.dollars(microDollars: budget.minimumCostMicroDollars)
      }
    }
    if status == 401 { response.fields.add("www-authenticate", #"Bearer realm="jetty""#) }
    if status == 503 || status == 429 {
      response.fields.add("retry-after", String(max(1, detail?.retryAfterSeconds ?? 1)))
    }
    return response
  }

  /// The answer to anything that a handler let through. What is not meant for clients becomes a 500 that says nothing of the inside.
  public static func problem(for error: any Error) -> HTTPResponse {
    switch error {
    case let error as RPCError: problem(error)
    case let error as HTTPBodyError: problem(error)
    case let error as JSONError: problem(RPCError(error))
    case is CancellationError: problem(499, "The request was cancelled.", reason: "CANCELLED")
    default: problem(500, "The service failed.", reason: "INTERNAL")
    }
  }
}

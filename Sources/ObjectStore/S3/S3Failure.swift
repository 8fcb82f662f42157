import HTTPClient

/// What an error answer of an S3 service, or the lack of an answer, means.
enum S3Failure {
  static func from(status: Int, body: [UInt8], retryAfter: String?, key: ObjectKey?) -> ObjectStoreError {
    let root = try? XMLParser.parse(body)
    let error = root?.name == "Error" ? root : nil
    return from(status: status, code: error?.value("Code") ?? "", message: error?.value("Message") ?? "", retryAfter: retryAfter, key: key)
  }

  static func from(status: Int, code: String, message: String, retryAfter: String? = nil, key: ObjectKey?) -> ObjectStoreError {
    let detail = "HTTP \(status) \(code.prefix(64)) \(message.prefix(256))"
    switch code {
    case "NoSuchUpload": return .noSuchUpload
    case "NoSuchKey": return .notFound(key?.description ?? "")
    case "InvalidPart", "InvalidPartOrder": return .invalidPart(number: nil)
    case "EntityTooSmall": return .partTooSmall
    case "InvalidRange": return .invalidRequest(detail)
    case "QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "AccountQuotaExceeded", "InsufficientCapacity": return .storeFull
    case "SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "OperationAborted", "Busy":
      return .unavailable(retryAfterSeconds: retryAfter.flatMap { UInt32($0) }, detail: detail)
    case "RequestTimeTooSkewed": return .accessDenied("\(detail) (is the clock right?)")
    default: break
    }
    switch status {
    case 404 where key != nil: return .notFound(key?.description ?? "")
    case 401, 403: return .accessDenied(detail)
    case 416: return .invalidRequest(detail)
    case 507: return .storeFull
    case 429, 500, 502, 503, 504: return .unavailable(retryAfterSeconds: retryAfter.flatMap { UInt32($0) }, detail: detail)
    default: return .unexpected(detail)
    }
  }

  static func from(_ error: HTTPClientError) -> ObjectStoreError {
    switch error.kind {
    case .invalidRequest, .responseTooLarge, .malformedResponse, .bodySizeMismatch: .unexpected(error.description)
    case .nameResolution, .connect, .tls, .timeout, .connectionLost, .tooBusy, .closed:
      .unavailable(retryAfterSeconds: nil, detail: error.description)
    }
  }
}

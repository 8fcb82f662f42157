import HTTPClient
import JSON

extension UploadFailure {
  /// No response came.
  init(connecting error: HTTPClientError, to url: String) {
    let kind: Kind = error.isRetryable ? .unavailable : .refused
    self.init(kind, "no answer from \(url): \(error.detail)")
  }

  /// A response that is no success: problem+json where the server speaks it, the bare status where it does not.
  init(reply: HTTPClientReply, from who: String) {
    let status = reply.head.status
    let byStatus: Kind =
      switch status {
      case 401, 403: .unauthorized
      case 404: .notFound
      case 408, 425, 429, 500, 502, 503, 504: .unavailable
      case 400..<500: .refused
      case 507: .unavailable
      default: .protocolViolation
      }
    let limits = JSONLimits(bytesMax: 64 << 10, depthMax: 8, valuesMax: 4_000, numberBytesMax: 64)
    let problem = try? JSONValue(parsing: reply.body, limits: limits)
    let words = problem?["detail"]?.stringValue ?? problem?["error"]?.stringValue ?? problem?["title"]?.stringValue
    let reason = problem?["reason"]?.stringValue
    let kind: Kind =
      switch reason {
      case "FILE_CHANGED", "CHUNK_CONFLICT": .fileChanged
      // Nothing that time mends.
      case "UPLOAD_LOST", "INCONSISTENT_UPLOAD": .refused
      default: byStatus
      }
    let retryAfter = reply.head["retry-after"].flatMap { UInt64($0) }
    // What a server says goes to a terminal: no control characters, and not a page of it.
    let text = words.map { String(String.UnicodeScalarView($0.unicodeScalars.filter { $0.value >= 32 && $0.value != 127 }.prefix(400))) }
    self.init(kind, text ?? "\(who) answered with status \(status)", retryAfterSeconds: retryAfter, reason: reason)
    self.status = status
  }
}

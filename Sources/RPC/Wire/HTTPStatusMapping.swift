/// What a reply that is not gRPC means (http-grpc-status-mapping.md, and the RST_STREAM table of PROTOCOL-HTTP2.md).
enum HTTPStatusMapping {
  static func code(forHTTPStatus status: Int) -> StatusCode {
    switch status {
    case 400: .internalError
    case 401: .unauthenticated
    case 403: .permissionDenied
    case 404: .unimplemented
    case 429, 502, 503, 504: .unavailable
    default: .unknown
    }
  }

  static func code(forResetCode code: UInt32) -> StatusCode {
    switch code {
    case 7: .unavailable  // REFUSED_STREAM
    case 8: .cancelled  // CANCEL
    case 11: .resourceExhausted  // ENHANCE_YOUR_CALM
    case 12: .permissionDenied  // INADEQUATE_SECURITY
    default: .internalError
    }
  }
}

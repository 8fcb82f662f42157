import HTTP1

/// Why a request body could not be read to its end.
public enum HTTPBodyError: Error, Sendable, Equatable {
  /// It is, or says it will be, more than that many bytes.
  case tooLarge(bytesMax: UInt64)
  /// The client kept the server waiting for that long.
  case timedOut(milliseconds: UInt64)
  /// The connection or stream is gone. Nobody will see an answer.
  case clientGone
  /// The body breaks the rules of its framing.
  case malformed(HTTP1Error)

  /// What to answer.
  public var status: Int {
    switch self {
    case .tooLarge: 413
    case .timedOut: 408
    case .clientGone: 499
    case .malformed(let error): error.status
    }
  }

  /// One sentence, safe to send.
  public var reason: String {
    switch self {
    case .tooLarge(let bytesMax): "The request body is longer than \(bytesMax) bytes."
    case .timedOut(let milliseconds): "The request body did not arrive: the client kept the server waiting for \(milliseconds / 1000) s."
    case .clientGone: "The client closed the connection before its request was complete."
    case .malformed(let error): error.reason
    }
  }
}

import CNghttp2

/// Why a session cannot go on. The connection must send what output is left and close.
public struct HTTP2Error: Error, Sendable, CustomStringConvertible {
  /// For the log; names the library's own code where there is one.
  public let description: String

  init(_ description: String) { self.description = description }

  init(_ action: StaticString, library code: Int) {
    description = "\(action): \(String(cString: nghttp2_strerror(Int32(clamping: code))))"
  }
}

/// The error codes of RST_STREAM and GOAWAY (RFC 9113 section 7).
public struct HTTP2ErrorCode: RawRepresentable, Sendable, Hashable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let noError = HTTP2ErrorCode(rawValue: 0)
  public static let protocolError = HTTP2ErrorCode(rawValue: 1)
  public static let internalError = HTTP2ErrorCode(rawValue: 2)
  public static let flowControlError = HTTP2ErrorCode(rawValue: 3)
  public static let streamClosed = HTTP2ErrorCode(rawValue: 5)
  public static let refusedStream = HTTP2ErrorCode(rawValue: 7)
  public static let cancel = HTTP2ErrorCode(rawValue: 8)
  public static let enhanceYourCalm = HTTP2ErrorCode(rawValue: 11)
}

import HTTP1

/// What is known about the exchange under way on an HTTP/1.1 connection.
struct HTTP1ResponseState {
  var version = HTTP1RequestHead.Version.http11
  var keepAlive = true
  /// The client waits for `100 Continue`.
  var owesContinue = false
  /// The whole request was read.
  var requestEnded = false
  /// The whole response is in the output.
  var isComplete = false
  private(set) var isChunked = false

  mutating func framing(length: UInt64?, hasBody: Bool) -> HTTP1ResponseWriter.Framing {
    if let length { return .length(length) }
    guard hasBody else { return .none }
    guard version == .http11 else { return .untilClose }
    isChunked = true
    return .chunked
  }
}

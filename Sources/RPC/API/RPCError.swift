/// How a call failed. A handler throws it to choose the status; a client call throws it with what the server said.
///
/// `message` goes over the wire: it must be safe to show to whoever made the call. Any other error that a handler throws becomes
/// UNKNOWN with a fixed text, so that nothing internal leaks by accident.
public struct RPCError: Error, Sendable {
  public var code: StatusCode
  public var message: String
  public var details: [StatusDetail]
  /// Sent as trailers by a server; the received trailers at a client.
  public var metadata: Metadata

  public init(_ code: StatusCode, _ message: String, details: [StatusDetail] = [], metadata: Metadata = Metadata()) {
    self.code = code
    self.message = message
    self.details = details
    self.metadata = metadata
  }

  public init(code: StatusCode, message: String, details: [StatusDetail] = [], metadata: Metadata = Metadata()) {
    self.init(code, message, details: details, metadata: metadata)
  }
}

extension RPCError: CustomStringConvertible {
  public var description: String { message.isEmpty ? code.name : "\(code.name): \(message)" }
}

extension RPCError {
  /// The status for an error that a handler let through.
  ///
  /// Cancellation is CANCELLED; what is not an `RPCError` is UNKNOWN, with a text that says nothing of the inside.
  public init(mapping error: any Error) {
    switch error {
    case let error as RPCError: self = error
    case is CancellationError: self.init(.cancelled, "the call was cancelled")
    default: self.init(.unknown, "the service failed")
    }
  }
}

import EventLoops

/// What came with the answer to one call beside its messages. Make one, put it into `CallOptions.receipt`, and read it on the loop
/// of the call: `initialMetadata` from the first message on, the rest when the call is over, whether it succeeded or not.
public final class CallReceipt: @unchecked Sendable {
  /// What the server sent before its first message.
  public internal(set) var initialMetadata = Metadata()
  /// What the server sent with the status. Where it sent nothing but a status, all of its metadata is here.
  public internal(set) var trailingMetadata = Metadata()
  /// Whether the last message that was taken came compressed.
  public internal(set) var responseWasCompressed = false

  /// The server that the call was last begun at; nil while there was no connection.
  public internal(set) var peer: SocketAddress?
  /// How often the call was begun on a connection.
  public internal(set) var attempts = 0

  public init() {}

  /// A new attempt at the call: what the last one brought counts no more.
  func clear() {
    initialMetadata = Metadata()
    trailingMetadata = Metadata()
    responseWasCompressed = false
  }
}

import HTTP2

/// Sends the messages of a stream, in order. Belongs to the loop of its call; one task at a time writes.
public final class RPCWriter<Message: RPCMessage>: @unchecked Sendable {
  @usableFromInline let stream: RPCStream

  /// For generated code.
  public init(_ stream: RPCStream) { self.stream = stream }

  /// Queues one message and waits while the peer is slower than the writer.
  /// - Parameter mayCompress: false sends this message as it is even on a call that compresses.
  /// - Throws: `RPCError` if the call is over or the message is too large, `CancellationError` if the task was cancelled.
  @inlinable public func write(_ message: Message, mayCompress: Bool = true) async throws {
    try stream.prepareToWrite()
    try stream.appendMessage(message, mayCompress: mayCompress)
    stream.outputChanged()
    if stream.needsRoom { try await stream.waitForOutputRoom() }
  }

  /// Says that no more messages follow (half-close). For clients; a server ends its stream by returning from the handler.
  public func finish() { stream.finishWriting() }
}

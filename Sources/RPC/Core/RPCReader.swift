/// The messages of a stream, in order. Taking one lets the peer send more: a slow reader slows the writer down.
///
/// Belongs to the loop of its call; one task at a time reads.
public final class RPCReader<Message: RPCMessage>: AsyncSequence, @unchecked Sendable {
  public typealias Element = Message
  public typealias Failure = any Error

  @usableFromInline let stream: RPCStream

  /// For generated code.
  public init(_ stream: RPCStream) { self.stream = stream }

  /// The next message, or nil after the last one.
  /// - Throws: `RPCError` with the status of the call if it failed, `CancellationError` if the task was cancelled.
  @inlinable public func next() async throws -> Message? {
    while true {
      if let failure = stream.failure { throw failure }
      if let message = try stream.takeMessage(Message.self) { return message }
      if stream.isAtEnd {
        try stream.checkEnd()
        return nil
      }
      try await stream.waitForInput()
    }
  }

  /// Whether the message that `next` returned last came compressed.
  public var lastMessageWasCompressed: Bool { stream.lastMessageWasCompressed }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(reader: self) }

  public struct AsyncIterator: AsyncIteratorProtocol {
    let reader: RPCReader

    public mutating func next() async throws -> Message? { try await reader.next() }

    public mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Message? { try await reader.next() }
  }
}

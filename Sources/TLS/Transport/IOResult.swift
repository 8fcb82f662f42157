/// What one non-blocking read or write came to.
public enum IOResult: Equatable, Sendable {
  /// So many bytes were moved; at least one.
  case bytes(Int)
  /// Nothing now. Wait for the descriptor: for writing too where ``Transport/wantsWrite`` says so.
  case wouldBlock
  /// The peer closed in good order.
  case closed
  /// The connection is broken; the text is for the log.
  case failed(String)
}

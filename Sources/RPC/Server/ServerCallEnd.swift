import EventLoops

/// How a call ended at the server.
public struct ServerCallEnd {
  /// Nil where the call was refused before anybody served it.
  public let context: ServerContext?
  public let peer: SocketAddress
  /// Nil for OK.
  public let error: RPCError?
  public let code: StatusCode
  public let durationNanoseconds: UInt64
}

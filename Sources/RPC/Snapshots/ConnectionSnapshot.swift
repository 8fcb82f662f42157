import EventLoops

/// One HTTP/2 connection at one moment: what gRPC's channelz calls a socket.
public struct ConnectionSnapshot: Sendable {
  /// The other end.
  public let peer: SocketAddress
  public let isTLS: Bool
  public let ageMilliseconds: UInt64
  public let openStreams: Int
  public let calls: CallCounters
  /// Since the connection was made, those of calls that run included.
  public let messagesSent: UInt64
  public let messagesReceived: UInt64
  /// PINGs that this end has sent to see whether the other one is there.
  public let keepalivesSent: UInt64
  public let millisecondsSinceLastRead: UInt64
}

extension RPCConnection {
  func snapshot(peer: SocketAddress, calls: CallCounters, keepalivesSent: UInt64) -> ConnectionSnapshot {
    let now = loop.nowNanoseconds
    var (sent, received) = (messagesSent, messagesReceived)
    session.forEachStream { stream in
      guard let stream = stream as? RPCStream else { return }
      sent &+= stream.sentMessages
      received &+= stream.receivedMessages
    }
    return ConnectionSnapshot(
      peer: peer, isTLS: isTLS, ageMilliseconds: (now &- connectedNanoseconds) / 1_000_000, openStreams: session.openStreams, calls: calls,
      messagesSent: sent, messagesReceived: received, keepalivesSent: keepalivesSent,
      millisecondsSinceLastRead: (now &- lastReadNanoseconds) / 1_000_000)
  }
}

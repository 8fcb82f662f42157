import EventLoops

/// One server, of one loop, at one moment.
public struct ServerSnapshot: Sendable {
  public let listening: [SocketAddress]
  public let isDraining: Bool
  public let calls: CallCounters
  /// Handlers that have not returned yet.
  public let runningHandlers: Int
  public let acceptedConnections: UInt64
  public let openConnections: Int
  /// At most as many as were asked for.
  public let connections: [ConnectionSnapshot]
}

extension RPCServer {
  /// - Parameter connectionsMax: how many connections to describe one by one.
  public func snapshot(connectionsMax: Int = 100) -> ServerSnapshot {
    precondition(loop.isCurrent, "a server belongs to its loop")
    return ServerSnapshot(
      listening: listeningAddresses, isDraining: isDraining, calls: calls, runningHandlers: runningCalls,
      acceptedConnections: acceptedConnections, openConnections: openConnections,
      connections: someConnections(connectionsMax).map {
        $0.snapshot(peer: $0.peer, calls: $0.calls, keepalivesSent: $0.keepalivesSent)
      })
  }
}

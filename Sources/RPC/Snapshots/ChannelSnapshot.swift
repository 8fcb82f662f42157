import EventLoops

/// One channel at one moment.
public struct ChannelSnapshot: Sendable {
  /// One of its servers.
  public struct Server: Sendable {
    public let address: SocketAddress
    public let state: ConnectivityState
    /// Why it takes no calls, if it does not.
    public let problem: String?
    public let isEjected: Bool
    /// Attempts, one for each time that a call was begun there.
    public let calls: CallCounters
    public let connectionsMade: UInt64
    public let connectionsFailed: UInt64
    public let connection: ConnectionSnapshot?
  }

  public let target: String
  public let state: ConnectivityState
  public let policy: LoadBalancingPolicy
  /// A call that was made more than once counts once.
  public let calls: CallCounters
  /// Calls that wait for a connection.
  public let waitingCalls: Int
  /// How often the target was looked up.
  public let lookUps: UInt64
  /// What is left for retries; nil where they are not held back.
  public let retryTokens: Double?
  public let keepaliveMilliseconds: UInt64
  public let servers: [Server]
}

extension RPCChannel {
  public func snapshot() -> ChannelSnapshot {
    precondition(loop.isCurrent, "a channel belongs to its loop")
    return ChannelSnapshot(
      target: target.description, state: connectivity, policy: configuration.loadBalancing, calls: calls, waitingCalls: waitingCalls,
      lookUps: lookUps, retryTokens: throttle.map { Double($0.tokens) / 1_000 }, keepaliveMilliseconds: keepaliveMilliseconds,
      servers: subchannels.map(\.snapshot))
  }
}

extension Subchannel {
  fileprivate var snapshot: ChannelSnapshot.Server {
    ChannelSnapshot.Server(
      address: address, state: connectivity, problem: error?.message, isEjected: ejection.isEjected, calls: counters.calls,
      connectionsMade: counters.connections, connectionsFailed: counters.connectionFailures,
      connection: connection.map { $0.snapshot(peer: address, calls: $0.calls, keepalivesSent: $0.keepalivesSent) })
  }
}

/// Which of a channel's servers take its calls.
public enum LoadBalancingPolicy: Sendable, Equatable {
  /// Connections to all servers; each call goes to the next one that is ready.
  case roundRobin
  /// One connection: to the first address, in the resolver's order, that can be reached. The next address gets its chance when one has
  /// failed or kept us waiting for a quarter of a second. The choice stands until the connection ends.
  case pickFirst
}

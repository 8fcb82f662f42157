import EventLoops

/// The servers of one channel and the choice among them. Loop thread only.
class LoadBalancer {
  final var subchannels: [Subchannel] = []
  private let make: (SocketAddress) -> Subchannel

  init(make: @escaping (SocketAddress) -> Subchannel) { self.make = make }

  static func make(_ policy: LoadBalancingPolicy, _ loop: EventLoop, _ make: @escaping (SocketAddress) -> Subchannel) -> LoadBalancer {
    switch policy {
    case .roundRobin: RoundRobin(make: make)
    case .pickFirst: PickFirst(loop: loop, make: make)
    }
  }

  /// The resolver's newest answer, in its order. Calls that run where an address is gone may finish.
  func use(_ addresses: [SocketAddress]) {}
  /// A connection that takes one more call now.
  func pick() -> ClientConnection? { nil }
  /// A server was reached, was lost, or is well again.
  func changed(_ subchannel: Subchannel) {}

  func close(now: Bool) {
    for subchannel in subchannels { subchannel.close(now: now) }
    subchannels = []
  }

  final func add(_ address: SocketAddress) -> Subchannel {
    let subchannel = make(address)
    subchannels.append(subchannel)
    return subchannel
  }

  /// Why waiting makes no sense, if so: every server has failed.
  var hopeless: RPCError? {
    var last: RPCError?
    for subchannel in subchannels {
      guard let error = subchannel.error else { return nil }
      last = error
    }
    return last
  }
}

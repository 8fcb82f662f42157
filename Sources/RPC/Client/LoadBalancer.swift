import EventLoops

/// The servers of one channel and the choice among them. Loop thread only.
class LoadBalancer {
  final var subchannels: [Subchannel] = []
  /// Nil once the channel is gone.
  typealias Make = (SocketAddress) -> Subchannel?

  private let make: Make

  init(make: @escaping Make) { self.make = make }

  static func make(_ policy: LoadBalancingPolicy, _ loop: EventLoop, _ make: @escaping Make) -> LoadBalancer {
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

  /// One more server, to which a connection is made at once.
  final func connect(to address: SocketAddress) {
    guard let subchannel = make(address) else { return }
    subchannels.append(subchannel)
    subchannel.connect()
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

import EventLoops

/// `LoadBalancingPolicy.pickFirst`.
final class PickFirst: LoadBalancer {
  /// How long one address may take before the next one is tried beside it (RFC 8305).
  private static let headStartMilliseconds: UInt64 = 250

  private let loop: EventLoop
  private var addresses: [SocketAddress] = []
  private var chosen: Subchannel?
  private var timer: LoopTimer?

  init(loop: EventLoop, make: @escaping Make) {
    self.loop = loop
    super.init(make: make)
  }

  override func use(_ addresses: [SocketAddress]) {
    // The same again: the attempts go on where they are.
    if chosen == nil, !subchannels.isEmpty, addresses == self.addresses { return }
    self.addresses = addresses
    if let chosen, addresses.contains(chosen.address) { return }
    let isInUse = chosen != nil || !subchannels.isEmpty
    chosen = nil
    close(now: false)
    if isInUse { tryNext() }
  }

  override func pick() -> ClientConnection? {
    guard let chosen else {
      if subchannels.isEmpty, !addresses.isEmpty { tryNext() }
      return nil
    }
    guard let connection = chosen.usableConnection, connection.takesCalls else { return nil }
    return connection
  }

  override var hopeless: RPCError? { subchannels.count == addresses.count ? super.hopeless : nil }

  private func tryNext() {
    timer?.cancel()
    timer = nil
    guard chosen == nil, subchannels.count < addresses.count else { return }
    connect(to: addresses[subchannels.count])
    // That may have failed on the spot, and the next one have been tried.
    guard timer == nil, chosen == nil, subchannels.count < addresses.count else { return }
    timer = loop.schedule(afterMilliseconds: Self.headStartMilliseconds) { [weak self] in self?.tryNext() }
  }

  override func changed(_ subchannel: Subchannel) {
    if subchannel === chosen {
      guard subchannel.connection == nil else { return }
      // The next call begins anew with the first address.
      chosen = nil
      close(now: false)
    } else if chosen == nil, subchannel.connection != nil, subchannels.contains(where: { $0 === subchannel }) {
      chosen = subchannel
      timer?.cancel()
      timer = nil
      for other in subchannels where other !== subchannel { other.close(now: false) }
      subchannels = [subchannel]
    } else if subchannel.error != nil {
      tryNext()
    }
  }

  override func close(now: Bool) {
    timer?.cancel()
    timer = nil
    super.close(now: now)
  }
}

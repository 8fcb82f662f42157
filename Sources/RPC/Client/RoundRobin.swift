import EventLoops

/// `LoadBalancingPolicy.roundRobin`.
final class RoundRobin: LoadBalancer {
  private var next = 0

  override func use(_ addresses: [SocketAddress]) {
    let gone = subchannels.filter { !addresses.contains($0.address) }
    subchannels.removeAll { !addresses.contains($0.address) }
    for subchannel in gone { subchannel.close(now: false) }
    for address in addresses where !subchannels.contains(where: { $0.address == address }) { connect(to: address) }
    if next >= subchannels.count { next = 0 }
  }

  override func pick() -> ClientConnection? {
    let count = subchannels.count
    for step in 0..<count {
      var index = next + step
      if index >= count { index -= count }
      if let connection = subchannels[index].usableConnection, connection.takesCalls {
        next = index + 1 == count ? 0 : index + 1
        return connection
      }
    }
    return nil
  }

  override func changed(_ subchannel: Subchannel) {
    if next >= subchannels.count { next = 0 }
    let wasLost = if case .idle = subchannel.state { true } else { false }
    subchannel.reconnect()
    // The last one that worked: those that wait out their back-off may have come back by now, as in a rolling restart.
    if wasLost, !subchannels.contains(where: { $0.usableConnection != nil }) {
      for other in subchannels { other.retryNow() }
    }
  }
}

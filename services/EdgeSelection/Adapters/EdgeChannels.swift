import EventLoops
import RPC

/// RPC channels to edges, one per address, kept while the edge lives. Loop thread only.
final class EdgeChannels: @unchecked Sendable {
  private let loop: EventLoop
  private let configuration: RPCChannelConfiguration
  private let statistics: RPCStatistics?
  private var channels: [String: RPCChannel] = [:]

  init(loop: EventLoop, configuration: RPCChannelConfiguration, statistics: RPCStatistics? = nil) {
    self.loop = loop
    self.configuration = configuration
    self.statistics = statistics
  }

  /// Throws where the address cannot be one.
  func channel(to address: String) throws(RPCError) -> RPCChannel {
    if let channel = channels[address] { return channel }
    let channel = RPCChannel(target: try RPCTarget(address), loop: loop, configuration: configuration)
    channel.statistics = statistics
    channels[address] = channel
    return channel
  }

  /// Lets go of every channel but those to these addresses.
  func keepOnly(_ addresses: Set<String>) {
    for (address, channel) in channels where !addresses.contains(address) {
      channel.close()
      channels[address] = nil
    }
  }

  func closeAll() { keepOnly([]) }
}

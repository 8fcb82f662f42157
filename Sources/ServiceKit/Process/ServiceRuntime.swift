import EventLoops
import Logging
import RPC
import TLS

/// What a program gives to the parts of one of its loops. Loop thread only.
public final class ServiceRuntime: @unchecked Sendable {
  public let name: String
  public let loop: EventLoop
  /// 0 for the first loop, which also does what is done once per process.
  public let loopIndex: Int
  public let settings: Settings
  /// The job this process was started for; nil where it serves. Nothing that repeats is begun beside a job.
  public let job: String?
  public let metrics: MetricsRegistry
  /// Calls that this loop makes.
  public let statistics = RPCStatistics(side: .client)
  public let log: Logger
  private let tls: TLSSettings
  private var channels: [String: RPCChannel] = [:]
  private var peers: [PeerService: RPCChannel] = [:]
  private var readings: [() -> Void] = []

  init(process: RunningProcess, loop: EventLoop, index: Int) {
    name = process.definition.name
    self.loop = loop
    loopIndex = index
    settings = process.settings
    job = process.job
    metrics = process.metrics
    log = process.log
    tls = process.tls
    RPCMetrics.bind(statistics, to: metrics)
    metrics.declare("jetty_rpc_client_waiting", Self.waitingHelp, .gauge)
  }

  private static let waitingHelp = "Calls that wait for a connection to another service"

  /// A number that only this loop may read, such as the length of a queue. It is read on the loop, when somebody asks for the metrics.
  /// - Parameter counts: whether it only grows.
  public func reading(_ name: String, _ help: String, counts: Bool = false, _ labels: MetricsRegistry.Labels = [], read: @escaping () -> Int) {
    let last = Gauge()
    metrics.reading(name, help, counts: counts, labels + [("loop", loop.name)]) { Double(last.current) }
    readings.append { last.set(Int64(read())) }
  }

  /// Reads them all.
  func updateReadings() {
    for read in readings { read() }
    var waiting: [String: Int] = [:]
    for channel in channels.values { waiting[channel.statisticsTarget, default: 0] += channel.waitingCalls }
    for (target, count) in waiting {
      metrics.gauge("jetty_rpc_client_waiting", Self.waitingHelp, [("grpc_target", target), ("loop", loop.name)]).set(Int64(count))
    }
  }

  /// A channel to another service; one per loop and service.
  /// - Throws: `SettingsError` where the address is missing or wrong.
  public func channel(_ peer: PeerService) throws -> RPCChannel {
    let text = settings.required(peer.setting)
    try settings.check()
    let channel = try channel(address: text, named: nil)
    peers[peer] = channel
    return channel
  }

  /// A channel to an edge: its address comes from the registry. For metrics all edges are one target.
  public func channel(address: String) throws -> RPCChannel { try channel(address: address, named: "edges") }

  private func channel(address: String, named name: String?) throws -> RPCChannel {
    if let known = channels[address] { return known }
    var configuration = try channelConfiguration()
    configuration.statisticsTarget = name
    let made = RPCChannel(target: try RPCTarget(address), loop: loop, configuration: configuration)
    made.statistics = statistics
    channels[address] = made
    return made
  }

  /// A channel to another service beside the usual one, for streams that stay open: without a time limit of its own. The caller closes it.
  public func separateChannel(_ peer: PeerService) throws -> RPCChannel {
    var configuration = try channelConfiguration()
    configuration.defaultTimeoutMilliseconds = nil
    let made = RPCChannel(target: try RPCTarget(settings.required(peer.setting)), loop: loop, configuration: configuration)
    made.statistics = statistics
    return made
  }

  /// How channels are made here, for whoever keeps and closes channels of its own.
  public func channelConfiguration() throws -> RPCChannelConfiguration {
    var configuration = RPCSettings.client.read(settings)
    configuration.tls = tls.client
    let calls = RPCSettings.calls.read(settings)
    configuration.service = PeerCalls.configuration(calls)
    configuration.outlierEjection = calls.outlierEjection
    return configuration
  }

  /// How the services that this program calls can be reached, one line for each.
  var peerNotes: [String] {
    peers.map { "\($0.programName): \(Self.note($1.snapshot()))" }.sorted()
  }

  private static func note(_ channel: ChannelSnapshot) -> String {
    switch channel.state {
    case .ready: "ok"
    case .idle, .shutdown: "not connected, for nothing is asked of it"
    case .connecting: "connecting"
    case .transientFailure:
      "out of reach: \(channel.servers.lazy.compactMap(\.problem).first ?? "its address is not known") (ready without; what needs it is refused)"
    }
  }

  var channelSnapshots: [ChannelSnapshot] { channels.sorted { $0.key < $1.key }.map { $0.value.snapshot() } }

  func closeChannels() {
    for channel in channels.values { channel.close() }
    channels = [:]
    peers = [:]
  }
}

import EventLoops
import Logging

/// Channels of one Redis server, over one connection of its own. One subscriber per loop, used on that loop only.
///
/// Readers of the same channel share one subscription at the server. After a reconnect every channel is subscribed again and its readers
/// get `live`: pub/sub keeps nothing, so whoever must not miss a change reads the truth again then.
public final class RedisSubscriber: RedisLink.User, @unchecked Sendable {
  private let loop: EventLoop
  private let configuration: RedisConfiguration
  private let link: RedisLink
  private let channelsMax: Int
  private let eventsMax: Int
  private var readers: [String: [RedisSubscription]] = [:]
  private var live: Set<String> = []
  private var heartbeat: LoopTimer?

  /// A channel nobody publishes to; subscribing to it again and again makes the server answer, which shows that it is there.
  private static let heartbeatChannel = "jetty:heartbeat"
  private static let heartbeatMilliseconds: UInt64 = 5_000

  /// - Parameters:
  ///   - channelsMax: Channels at a time.
  ///   - eventsMax: Events kept for one reader that does not read.
  public init(
    loop: EventLoop, configuration: RedisConfiguration, channelsMax: Int = 65_536, eventsMax: Int = 256, logger: Logger = Logger(label: "redis")
  ) {
    precondition(loop.isCurrent, "a Redis subscriber belongs to its loop")
    self.loop = loop
    self.configuration = configuration
    self.channelsMax = channelsMax
    self.eventsMax = eventsMax
    link = RedisLink(configuration: configuration, loop: loop, logger: logger)
    link.user = self
    link.start()
  }

  public var isConnected: Bool { link.connection != nil }

  /// Starts reading a channel. Its first event is `live` when the server has confirmed, or `interrupted` when the server is away.
  /// - Throws: `RedisError.overloaded`, `.closed`, `.invalidCommand` for an empty name.
  public func subscribe(_ channel: String) throws -> RedisSubscription {
    precondition(loop.isCurrent, "a Redis subscriber belongs to its loop")
    guard link.state.phase != .closed else { throw RedisError.closed }
    guard !channel.isEmpty else { throw RedisError.invalidCommand("a channel needs a name") }
    let isNew = readers[channel] == nil
    guard !isNew || readers.count < channelsMax else { throw RedisError.overloaded(commandsMax: channelsMax) }
    let subscription = RedisSubscription(channel: channel, loop: loop, subscriber: self, eventsMax: eventsMax)
    readers[channel, default: []].append(subscription)
    if isNew { link.connection?.sendSubscription("SUBSCRIBE", channels: [channel]) }
    if live.contains(channel) {
      subscription.deliver(.live)
    } else if link.state.failure != nil {
      subscription.deliver(.interrupted)
    }
    return subscription
  }

  /// Ends all subscriptions and the connection.
  public func close() {
    precondition(loop.isCurrent, "a Redis subscriber belongs to its loop")
    heartbeat?.cancel()
    link.close()
    for subscription in readers.values.joined() { subscription.end() }
    readers = [:]
    live = []
  }

  func remove(_ subscription: RedisSubscription) {
    guard var others = readers[subscription.channel] else { return }
    others.removeAll { $0 === subscription }
    guard others.isEmpty else {
      readers[subscription.channel] = others
      return
    }
    readers[subscription.channel] = nil
    live.remove(subscription.channel)
    link.connection?.sendSubscription("UNSUBSCRIBE", channels: [subscription.channel])
  }

  // MARK: RedisLink.User

  func linkOpened(_ connection: RedisConnection) {
    connection.sendSubscription("SUBSCRIBE", channels: [Self.heartbeatChannel])
    let channels = Array(readers.keys)
    for start in stride(from: 0, to: channels.count, by: 256) {
      connection.sendSubscription("SUBSCRIBE", channels: Array(channels[start..<min(start + 256, channels.count)]))
    }
    beat()
  }

  func linkReceived(_ message: [RedisValue]) {
    guard message.count == 3, let kind = try? message[0].optionalString, let channel = try? message[1].optionalString else { return }
    switch kind {
    case "subscribe":
      guard let waiting = readers[channel], live.insert(channel).inserted else { return }
      for reader in waiting { reader.deliver(.live) }
    case "message":
      guard case .bytes(let payload) = message[2], let listening = readers[channel] else { return }
      for reader in listening { reader.deliver(.message(payload)) }
    case "unsubscribe":
      // Of an earlier reader; a later one subscribed again behind it.
      live.remove(channel)
    default:
      return
    }
  }

  func linkLost(reason: String, isDown: Bool) {
    heartbeat?.cancel()
    let affected = isDown ? Array(readers.keys) : Array(live)
    live = []
    for channel in affected { readers[channel]?.forEach { $0.deliver(.interrupted) } }
  }

  private func beat() {
    heartbeat = loop.schedule(afterMilliseconds: Self.heartbeatMilliseconds) { [weak self] in
      guard let self, let connection = link.connection else { return }
      let silentNanoseconds = loop.nowNanoseconds - min(connection.lastReceivedNanoseconds, loop.nowNanoseconds)
      guard silentNanoseconds < 2 * Self.heartbeatMilliseconds * 1_000_000 else {
        return connection.close(reason: "the server does not answer")
      }
      connection.sendSubscription("SUBSCRIBE", channels: [Self.heartbeatChannel])
      beat()
    }
  }
}

import EventLoops
import Logging

/// Keeps one connection to the server: resolves the name, connects, and tries again with back-off when it is lost. Loop thread only.
final class RedisLink: RedisConnectionOwner, @unchecked Sendable {
  /// What the user of the link does with it.
  protocol User: AnyObject {
    func linkOpened(_ connection: RedisConnection)
    func linkReceived(_ message: [RedisValue])
    /// `isDown`: the server counts as away, so nothing should wait for it.
    func linkLost(reason: String, isDown: Bool)
  }

  let configuration: RedisConfiguration
  private(set) var state: LinkState
  private(set) var connection: RedisConnection?
  /// Until the link is closed: who makes a link closes it. (A weak reference would make every retain of the user slower.)
  var user: (any User)?
  private let loop: EventLoop
  private let logger: Logger
  private var attempt: RedisConnection?
  private var retryTimer: LoopTimer?
  /// Addresses of the present attempt.
  private var untried: [SocketAddress] = []

  init(configuration: RedisConfiguration, loop: EventLoop, logger: Logger) {
    self.configuration = configuration
    self.loop = loop
    self.logger = logger
    state = LinkState(
      backoff: ReconnectBackoff(
        initialMilliseconds: configuration.backoffInitialMilliseconds, maximumMilliseconds: configuration.backoffMaximumMilliseconds))
  }

  func start() {
    guard state.phase == .resting else { return }
    state.attemptStarted()
    loop.spawn { [self] in await connect() }
  }

  func close() {
    state.close()
    user = nil
    retryTimer?.cancel()
    let open = [connection, attempt].compactMap { $0 }
    connection = nil
    attempt = nil
    for one in open { one.close(reason: "the client was closed") }
  }

  private func connect() async {
    do {
      untried = try await resolve()
    } catch {
      return failed("\(error)")
    }
    guard state.phase == .connecting else { return }
    if !tryNextAddress() { failed("the name has no address") }
  }

  private func resolve() async throws -> [SocketAddress] {
    switch configuration.endpoint {
    case .unix(let path):
      return [.unix(path: path)]
    case .tcp(let host, let port):
      let loop = loop
      return try await loop.withTimeout(milliseconds: configuration.connectTimeoutMilliseconds) {
        try await loop.resolve(host: host, port: port)
      }
    }
  }

  /// A name may have several addresses, of which not all work (`localhost` and a server on IPv4 only): the attempt fails when all have.
  private func tryNextAddress() -> Bool {
    guard state.phase == .connecting, !untried.isEmpty else { return false }
    let attempt = RedisConnection(configuration: configuration, loop: loop, owner: self)
    self.attempt = attempt
    attempt.open(untried.removeFirst())
    return true
  }

  private func failed(_ reason: String) {
    let wasDown = state.failure != nil
    guard let delay = state.lost(reason, chance: .random(in: 0..<1)) else { return }
    let isDown = state.failure != nil
    if isDown, !wasDown { logger.warning("Redis is unavailable", metadata: ["reason": "\(reason)"]) }
    retryTimer = loop.schedule(afterMilliseconds: delay) { [weak self] in self?.start() }
    user?.linkLost(reason: reason, isDown: isDown)
  }

  func connectionOpened(_ connection: RedisConnection) {
    guard connection === attempt else { return }
    attempt = nil
    self.connection = connection
    if state.failure != nil { logger.notice("Redis is back") }
    state.opened()
    user?.linkOpened(connection)
  }

  func connection(_ connection: RedisConnection, received message: [RedisValue]) {
    guard connection === self.connection else { return }
    user?.linkReceived(message)
  }

  func connectionClosed(_ connection: RedisConnection, reason: String) {
    guard connection === self.connection || connection === attempt else { return }
    self.connection = nil
    attempt = nil
    if !tryNextAddress() { failed(reason) }
  }
}

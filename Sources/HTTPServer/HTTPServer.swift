import EventLoops
import HTTP1
import HTTP2
import TLS

/// An HTTP server on one loop: HTTP/1.1 and HTTP/2 on the same port (by ALPN with TLS, by prior knowledge without). Loop thread only.
///
/// A process makes one for each of its loops, all listening on one port with `reusePort`.
public final class HTTPServer: @unchecked Sendable {
  /// Runs on the server's loop, one task for each request. It is cancelled when the client goes away.
  public typealias Handler = @Sendable (HTTPRequest) async -> HTTPResponse

  public let loop: EventLoop
  public let configuration: HTTPServerConfiguration
  public let statistics = HTTPServerStatistics()
  /// Told of every request that is done with, its response sent or given up. Must not block.
  public var onRequestEnd: ((HTTPRequest) -> Void)?
  let handler: Handler
  var date = HTTPDate()
  private var listeners: [Listener] = []
  private var connections: [ObjectIdentifier: HTTPConnection] = [:]
  private(set) var isShuttingDown = false
  /// HTTP/1.1 connections end with their next response.
  private(set) var discouragesReuse = false
  private var emptied: LoopPromise<Void>?
  private var sweepTimer: LoopTimer?
  private var offenders = OffenderList()
  let http2Memory = HTTP2Memory()
  private static let sweepMilliseconds: UInt64 = 1_000
  /// Nothing could be closed to make room: not to be tried again before this.
  private var roomSearchNanoseconds: UInt64 = 0
  private static let roomSearchPauseNanoseconds: UInt64 = 50_000_000

  public init(loop: EventLoop, configuration: HTTPServerConfiguration = HTTPServerConfiguration(), handler: @escaping Handler) {
    self.loop = loop
    self.configuration = configuration
    self.handler = handler
  }

  var limits: HTTPServerLimits { configuration.limits }

  /// Starts listening and returns where: with port 0 the kernel chooses.
  /// - Parameters:
  ///   - reusePort: for the servers of several loops on one port.
  ///   - probe: false for all of them but the first (see `Listener`).
  @discardableResult
  public func listen(_ address: SocketAddress, reusePort: Bool = false, probe: Bool = true) throws -> SocketAddress {
    let listener = try Listener(address: address, loop: loop, reusePort: reusePort, probe: probe) { [weak self] descriptor, peer in
      guard let self else { return }
      self.adopt(descriptor: descriptor, peer: peer)
    }
    listeners.append(listener)
    return listener.boundAddress
  }

  /// Serves a connection that was accepted elsewhere. Owns the descriptor from here on.
  public func adopt(descriptor: Int32, peer: SocketAddress) {
    precondition(loop.isCurrent, "connections belong to the loop's thread")
    statistics.connectionsTotal += 1
    if connections.count >= limits.connectionsMax { makeRoom() }
    guard connections.count < limits.connectionsMax, !isShuttingDown else {
      statistics.connectionsRefused += 1
      return Self.turnAway(descriptor, isSecure: configuration.tls != nil)
    }
    guard let transport = makeTransport(descriptor) else { return }
    let connection = HTTPConnection(server: self, transport: transport, peer: peer)
    connections[ObjectIdentifier(connection)] = connection
    statistics.connectionsOpen = connections.count
    connection.start()
    if sweepTimer == nil { scheduleSweep() }
  }

  /// How often what a new connection from there may do is halved.
  func strikes(_ peer: SocketAddress) -> Int { offenders.strikes(peer, now: loop.nowNanoseconds) }

  /// How long a new connection from there waits before it is read from.
  func pauseMilliseconds(_ peer: SocketAddress) -> UInt64 { offenders.pauseMilliseconds(peer, now: loop.nowNanoseconds) }

  /// A connection had to be ended for what its client did, or did not do.
  func connectionEnded(_ connection: HTTPConnection) {
    statistics.connectionsEnded += 1
    offenders.strike(connection.peer, now: loop.nowNanoseconds)
  }

  /// Once a second: ends what clients have begun and do not go on with.
  private func scheduleSweep() {
    sweepTimer = loop.schedule(afterMilliseconds: Self.sweepMilliseconds) { [weak self] in
      guard let self else { return }
      self.sweepTimer = nil
      let now = self.loop.nowNanoseconds
      for connection in Array(self.connections.values) { connection.sweep(now) }
      if !self.connections.isEmpty { self.scheduleSweep() }
    }
  }

  /// The answers of all connections together exceed what they may hold.
  var isMemoryShort: Bool { statistics.heldBytes > limits.heldBytesMax }

  /// Requests of one HTTP/2 connection that may wait for memory while it is short: the fewer, the more connections there are.
  var deferredRequestsShare: Int { limits.deferredRequestsMax.evenShare(among: connections.count, least: 4) }

  /// What the header fields of one HTTP/2 connection's open requests may take while memory is short.
  var headerBytesShare: Int {
    min((limits.heldBytesMax / 2).evenShare(among: connections.count, least: 16 << 10), limits.connectionHeaderBytesMax / 16)
  }

  /// What may wait to be sent, of one HTTP/1.1 connection or HTTP/2 stream, before its writer waits.
  var outputBytesMax: Int { isMemoryShort ? limits.outputBytesMax / 16 : limits.outputBytesMax }

  /// How long a client may take no output.
  var outputPatienceNanoseconds: UInt64 { limits.stallMilliseconds * 1_000_000 / (isMemoryShort ? 4 : 1) }

  /// Closes connections that have been without a request for longest: whoever holds many idle ones must not shut the others out.
  /// Some at a time, since looking through all of them is not for every newcomer of a flood.
  private func makeRoom() {
    let now = loop.nowNanoseconds
    guard now >= roomSearchNanoseconds else { return }
    let patience = limits.evictableAfterMilliseconds * 1_000_000
    let quiet = connections.values.compactMap { connection in connection.quietSinceNanoseconds.map { (connection: connection, since: $0) } }
      .filter { now - min($0.since, now) >= patience }.sorted { $0.since < $1.since }.prefix(max(1, limits.connectionsMax / 32))
    if quiet.isEmpty { roomSearchNanoseconds = now + Self.roomSearchPauseNanoseconds }
    for (connection, _) in quiet {
      statistics.connectionsEvicted += 1
      connection.close()
    }
  }

  private func makeTransport(_ descriptor: Int32) -> Transport? {
    guard let tls = configuration.tls else { return Transport(plain: descriptor) }
    return try? Transport(tls: tls, descriptor: descriptor, role: .server)
  }

  /// Over the limit: says so where that is possible without a handshake. The kernel's buffer takes it or nobody does.
  private static func turnAway(_ descriptor: Int32, isSecure: Bool) {
    var transport = Transport(plain: descriptor)
    guard !isSecure else { return }
    let text: StaticString = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    _ = transport.write(from: text.utf8Start, count: text.utf8CodeUnitCount)
  }

  /// Goes on serving, and asks clients to make their next connection elsewhere: every HTTP/1.1 response says `Connection: close`
  /// from now on. After a while of that a graceful shutdown finds few connections on which a request may just be on its way.
  public func discourageReuse() {
    precondition(loop.isCurrent, "a server belongs to its loop")
    discouragesReuse = true
  }

  /// Lets running requests finish, takes no new connections, and closes each connection when it is idle. Returns at once.
  public func beginGracefulShutdown() {
    precondition(loop.isCurrent, "a server belongs to its loop")
    guard !isShuttingDown else { return }
    discouragesReuse = true
    for listener in listeners { listener.closeAfterAccepting() }
    listeners = []
    isShuttingDown = true
    for connection in Array(connections.values) { connection.beginGracefulShutdown() }
  }

  /// As `beginGracefulShutdown`, waits at most `graceMilliseconds`, then closes what is left.
  public func shutdown(graceMilliseconds: UInt64 = 10_000) async {
    beginGracefulShutdown()
    if !connections.isEmpty {
      let promise = LoopPromise<Void>(loop: loop)
      emptied = promise
      // A time-out (or being cancelled) only means that the rest is closed by force.
      try? await promise.wait(timeoutMilliseconds: graceMilliseconds)
      emptied = nil
    }
    for connection in Array(connections.values) { connection.close() }
  }

  // MARK: For connections

  func remove(_ connection: HTTPConnection) {
    connections[ObjectIdentifier(connection)] = nil
    statistics.connectionsOpen = connections.count
    if connections.isEmpty { emptied?.succeed(()) }
  }

  /// Starts one exchange. `register` gets it before the handler runs.
  func begin(
    _ carrier: any ExchangeCarrier, method: String, pathAndQuery: String, version: HTTPRequest.Version, connection: HTTPConnection,
    authority: String, fields: HTTPFields, announcedBytes: UInt64?, register: (HTTPExchange) -> Void
  ) {
    statistics.requestsTotal += 1
    statistics.requestsActive += 1
    let exchange = HTTPExchange(carrier: carrier, loop: loop, limits: limits, isHead: method == "HEAD")
    register(exchange)
    let body = HTTPRequestBody(exchange: exchange, announcedBytes: announcedBytes, bytesMax: limits.bodyBytesMax)
    let request = HTTPRequest(
      method: method, pathAndQuery: pathAndQuery, version: version, isSecure: connection.isSecure, authority: authority, fields: fields,
      body: body, peer: connection.peer, loop: loop)
    exchange.start(request, self)
  }

  func exchangeEnded() {
    statistics.requestsActive -= 1
  }
}

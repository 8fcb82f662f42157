import EventLoops
import HTTP2
import Logging
import Synchronization
import TLS

/// Serves the methods of a router over HTTP/2, on one loop. A process has one for each loop, on the same port.
///
/// Make and use it on its loop.
public final class RPCServer: @unchecked Sendable {
  public let loop: EventLoop
  public let configuration: RPCServerConfiguration
  /// Where calls are counted; nil for nowhere. Set it before the first call.
  public var statistics: RPCStatistics? { didSet { observe() } }
  /// Told of every call that ends, for logs. Must not block.
  public var onCallEnd: ((ServerCallEnd) -> Void)? { didSet { observe() } }
  /// Somebody wants to know how calls end.
  private(set) var isObserved = false

  let router: RPCRouter
  let memory = LoopMemory()
  let handlers: HandlerTasks
  /// Calls that are over and that nobody holds, for the next ones.
  private var spareCalls: [ServerCall] = []
  /// Two buffers of at most 4 KiB each, and their own size: 5 MiB in all.
  private static let spareCallsMax = 512
  private let log: Logger
  private var listeners: [Listener] = []
  private var connections: [ObjectIdentifier: ServerConnection] = [:]
  private var offenders = OffenderList()
  private(set) lazy var watch = ServerWatch(self)
  private var shutdownWaiters: [LoopWaiter] = []
  /// Handlers that have not returned yet.
  public internal(set) var runningCalls = 0
  /// The calls of known methods so far.
  public internal(set) var calls = CallCounters()
  /// Connections accepted since the start.
  public private(set) var acceptedConnections: UInt64 = 0
  public private(set) var isDraining = false
  /// Connections closed as they came, above the limit.
  public private(set) var refusedConnections: UInt64 = 0
  /// Connections ended because the client kept the server waiting, or held memory that was short.
  public internal(set) var connectionsEnded: UInt64 = 0
  /// Times that memory became short (`heldBytesMax`).
  public internal(set) var memoryShortages: UInt64 = 0
  /// Bytes of messages that all connections hold: received and not taken, or not sent yet.
  public var heldBytes: Int { watch.heldBytes }

  public init(
    loop: EventLoop, router: RPCRouter, configuration: RPCServerConfiguration = RPCServerConfiguration(),
    log: Logger = Logger(label: "jetty.rpc.server")
  ) {
    self.loop = loop
    handlers = HandlerTasks(loop: loop)
    self.router = router
    self.configuration = configuration
    self.log = log
  }

  private func observe() { isObserved = statistics != nil || onCallEnd != nil }

  public var openConnections: Int { connections.count }
  var spareCallCount: Int { spareCalls.count }
  /// Streams that are open on all connections together.
  public var openStreams: Int { connections.values.reduce(0) { $0 + $1.session.openStreams } }
  var listeningAddresses: [SocketAddress] { listeners.map(\.boundAddress) }
  func someConnections(_ count: Int) -> [ServerConnection] { Array(connections.values.prefix(count)) }
  /// Calls that exist in memory, those that have ended included, but not those kept for later ones. Any thread.
  public var liveCalls: Int { liveCallCount.load(ordering: .relaxed) }
  let liveCallCount = Atomic<Int>(0)
  var allConnections: [ServerConnection] { Array(connections.values) }

  /// Starts to accept connections. A listening server lives until `beginGracefulShutdown` or `close`.
  /// - Parameters:
  ///   - reusePort: lets the servers of the other loops listen on the same port.
  ///   - probe: fail if another process listens there already; only for the first loop of several.
  /// - Returns: where it really listens; with port 0 the kernel has chosen one.
  @discardableResult
  public func listen(_ address: SocketAddress, reusePort: Bool = false, probe: Bool = true) throws -> SocketAddress {
    let listener = try Listener(address: address, loop: loop, reusePort: reusePort, probe: probe) { [self] descriptor, peer in
      accept(descriptor, peer)
    }
    listeners.append(listener)
    return listener.boundAddress
  }

  /// Serves a connection that was accepted elsewhere. Takes the descriptor (non-blocking) in any case.
  public func adopt(descriptor: Int32, peer: SocketAddress) { accept(descriptor, peer) }

  private func accept(_ descriptor: Int32, _ peer: SocketAddress) {
    precondition(loop.isCurrent, "a server belongs to its loop")
    do {
      let transport: Transport
      if let tls = configuration.tls {
        transport = try Transport(tls: tls, descriptor: descriptor, role: .server)
      } else {
        transport = Transport(plain: descriptor)
      }
      // Dropping the transport closes the descriptor.
      guard connections.count < configuration.connectionsMax, !isDraining else {
        refusedConnections += 1
        return
      }
      let session = try RPCSession(role: .server, configuration: http2Configuration(for: peer), memory: memory.http2)
      let connection = ServerConnection(server: self, transport: transport, session: session, peer: peer)
      connections[ObjectIdentifier(connection)] = connection
      acceptedConnections += 1
      connection.start(afterMilliseconds: offenders.pauseMilliseconds(peer, now: loop.nowNanoseconds))
      watch.connectionOpened()
    } catch {
      log.warning("cannot serve a connection", metadata: ["peer": "\(peer)", "error": "\(error)"])
    }
  }

  // MARK: The end

  /// Stops accepting and asks every client to go elsewhere; what runs may finish.
  public func beginGracefulShutdown() {
    precondition(loop.isCurrent, "a server belongs to its loop")
    guard !isDraining else { return }
    for listener in listeners { listener.closeAfterAccepting() }
    listeners = []
    isDraining = true
    for connection in connections.values { connection.drain() }
  }

  /// Drains and returns when no connection and no handler is left. What exceeds the configured drain time is cancelled;
  /// cancelling the caller ends everything at once.
  public func shutdown() async {
    beginGracefulShutdown()
    while !connections.isEmpty || runningCalls > 0 {
      if Task.isCancelled { return close() }
      let waiter = LoopWaiter(loop: loop)
      shutdownWaiters.append(waiter)
      await waiter.wait()
      shutdownWaiters.removeAll { $0 === waiter }
    }
  }

  /// Ends everything now.
  public func close() {
    isDraining = true
    for listener in listeners { listener.close() }
    listeners = []
    for connection in connections.values { connection.close("the server was closed") }
    handlers.close()
    watch.stop()
  }

  /// A call for a stream that begins: a used one where there is one.
  func makeCall(_ connection: ServerConnection) -> ServerCall {
    let call = spareCalls.popLast() ?? ServerCall(loop: loop, limits: configuration.limits)
    call.connection = connection
    liveCallCount.wrappingAdd(1, ordering: .relaxed)
    return call
  }

  /// Takes a call back that is over. Nobody else may hold it.
  func keep(_ call: ServerCall) {
    guard spareCalls.count < Self.spareCallsMax else { return }
    liveCallCount.wrappingSubtract(1, ordering: .relaxed)
    call.renew()
    spareCalls.append(call)
  }

  func callEnded() {
    runningCalls -= 1
    signalIfDrained()
  }

  /// Whose connections were ended has a smaller budget on the next.
  private func http2Configuration(for peer: SocketAddress) -> HTTP2Configuration {
    var http2 = configuration.http2
    http2.glitchBudget >>= offenders.strikes(peer, now: loop.nowNanoseconds)
    return http2
  }

  /// A connection had to be ended for what its client did, or did not do.
  func connectionEnded(_ connection: ServerConnection) {
    connectionsEnded += 1
    offenders.strike(connection.peer, now: loop.nowNanoseconds)
  }

  func connectionClosed(_ connection: ServerConnection) {
    if connection.session.glitchBudgetLeft < 0 { connectionEnded(connection) }
    connections[ObjectIdentifier(connection)] = nil
    log.debug("connection closed", metadata: ["peer": "\(connection.peer)", "reason": "\(connection.closeReason)"])
    signalIfDrained()
  }

  private func signalIfDrained() {
    guard isDraining, connections.isEmpty, runningCalls <= 0 else { return }
    handlers.close()
    for waiter in shutdownWaiters { waiter.signal() }
  }
}

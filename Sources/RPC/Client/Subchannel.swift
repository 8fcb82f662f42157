import EventLoops
import HTTP2
import TLS

/// One server of a channel: connects, reconnects with back-off, and knows whether calls can go there. Loop thread only.
final class Subchannel: @unchecked Sendable {
  enum State {
    case idle
    case connecting
    case ready(ClientConnection)
    /// Waits before the next attempt.
    case failed(RPCError)
    case closed
  }

  let address: SocketAddress
  let counters = SubchannelCounters()
  /// Set by the channel's `OutlierDetector`.
  var ejection = EjectionState()
  private(set) var state = State.idle
  private weak var channel: RPCChannel?
  private let waitingCalls: WaitingCalls
  private let loop: EventLoop
  private let configuration: RPCChannelConfiguration
  private let serverName: String
  private let memory: LoopMemory
  private var task: Task<Void, Never>?
  private var timer: LoopTimer?
  private var health: HealthWatch?
  /// Attempts that failed since the last connection.
  private var failures = 0
  private var lastAttemptNanoseconds: UInt64 = 0

  init(address: SocketAddress, channel: RPCChannel, serverName: String, memory: LoopMemory) {
    self.address = address
    self.channel = channel
    waitingCalls = channel.waiting
    loop = channel.loop
    configuration = channel.configuration
    self.serverName = serverName
    self.memory = memory
  }

  var connection: ClientConnection? {
    if case .ready(let connection) = state { connection } else { nil }
  }

  /// The connection, if calls may go there: not while the server says that it does not serve, or is ejected.
  var usableConnection: ClientConnection? {
    guard case .ready(let connection) = state, !ejection.isEjected, health?.allowsCalls ?? true else { return nil }
    return connection
  }

  /// Why no call can go there for the time being; nil while there is hope.
  var error: RPCError? {
    switch state {
    case .failed(let error): error
    case .ready: health?.refusal.map { RPCError(.unavailable, "\(address) \($0)") }
    default: nil
    }
  }

  /// Its state as gRPC calls it.
  var connectivity: ConnectivityState {
    switch state {
    case .idle: .idle
    case .connecting: .connecting
    case .ready: error == nil && !ejection.isEjected ? .ready : .transientFailure
    case .failed: .transientFailure
    case .closed: .shutdown
    }
  }

  // MARK: Connecting

  func connect() {
    state = .connecting
    lastAttemptNanoseconds = loop.nowNanoseconds
    task = loop.spawn { [self] in
      do {
        let connection = try await establish()
        guard case .connecting = state else { return connection.close("the channel was closed") }
        // Said with its first frames: nobody will be told of it any more.
        guard !connection.isRetired else { throw RPCError(.unavailable, "the server is stopping") }
        failures = 0
        counters.connections += 1
        state = .ready(connection)
        watchHealth(of: connection)
        channel?.changed(self)
      } catch {
        failed(error)
      }
    }
  }

  /// Connects again after a connection has ended: at once, but not more often than the shortest back-off allows.
  func reconnect() {
    guard case .idle = state else { return }
    let since = (loop.nowNanoseconds - lastAttemptNanoseconds) / 1_000_000
    guard since < configuration.backoffMinMilliseconds else { return connect() }
    state = .connecting
    timer = loop.schedule(afterMilliseconds: configuration.backoffMinMilliseconds - since) { [weak self] in
      if let self, case .connecting = state { connect() }
    }
  }

  /// Does not wait for the end of a back-off.
  func retryNow() {
    guard case .failed = state else { return }
    timer?.cancel()
    connect()
  }

  /// Ends it. Calls that run on its connection may finish unless `now`.
  func close(now: Bool) {
    let connection = connection
    state = .closed
    timer?.cancel()
    task?.cancel()
    health?.stop()
    if now { connection?.close("the channel was closed") } else { connection?.retire() }
  }

  private func establish() async throws -> ClientConnection {
    let started = loop.nowNanoseconds
    let descriptor = try await loop.connect(to: address, timeoutMilliseconds: configuration.connectTimeoutMilliseconds)
    let transport: Transport
    if let tls = configuration.tls {
      transport = try Transport(tls: tls, descriptor: descriptor, role: .client(serverName: serverName))
    } else {
      transport = Transport(plain: descriptor)
    }
    let session = try RPCSession(role: .client, configuration: configuration.http2, memory: memory.http2)
    let connection = ClientConnection(
      loop: loop, address: address, transport: transport, session: session, memory: memory, counters: counters,
      keepaliveMilliseconds: channel?.keepaliveMilliseconds ?? configuration.keepaliveMilliseconds, configuration: configuration)
    connection.begin()
    do {
      let spent = (loop.nowNanoseconds - started) / 1_000_000
      try await connection.ready.wait(timeoutMilliseconds: max(configuration.connectTimeoutMilliseconds, spent + 1) - spent)
    } catch {
      connection.close("no HTTP/2 settings from the server")
      throw error
    }
    // The connection lets go of these when it closes, which it does before long.
    connection.onRetired = { [self, unowned(unsafe) connection] in retired(connection) }
    connection.onSettings = { [self] in channel?.availabilityChanged() }
    connection.onTooManyPings = { [self] in channel?.keepaliveWasTooOften() }
    connection.waitingCalls = waitingCalls
    connection.startKeepalive()
    return connection
  }

  private func failed(_ error: any Error) {
    guard case .connecting = state else { return }
    let reason = (error as? RPCError)?.message ?? "\(error)"
    state = .failed(RPCError(.unavailable, "cannot reach \(address): \(reason)"))
    failures += 1
    counters.connectionFailures += 1
    timer = loop.schedule(afterMilliseconds: backoffMilliseconds()) { [weak self] in
      guard let self, case .failed = state else { return }
      connect()
    }
    channel?.changed(self)
  }

  /// The server said goodbye or the connection broke.
  private func retired(_ connection: ClientConnection) {
    guard case .ready(let current) = state, current === connection else { return }
    state = .idle
    health?.stop()
    health = nil
    if connection.isClosed { counters.connectionFailures += 1 }
    channel?.changed(self)
  }

  private func backoffMilliseconds() -> UInt64 {
    var pause = Double(configuration.backoffMinMilliseconds)
    for _ in 1..<min(max(failures, 1), 32) { pause *= 1.6 }
    return UInt64(min(pause, Double(configuration.backoffMaxMilliseconds)) * Double.random(in: 0.8...1.2))
  }

  // MARK: Health

  private func watchHealth(of connection: ClientConnection) {
    // As in gRPC, pick_first does not ask: it has nobody else to send calls to.
    guard let service = configuration.healthCheckedService, configuration.loadBalancing != .pickFirst, let channel else { return }
    let watch = HealthWatch(service: service, connection: connection, channel: channel)
    health = watch
    watch.onChange = { [weak self] in self?.channel?.availabilityChanged() }
    watch.start()
  }
}

import EventLoops
import HTTP2
import TLS

/// One address of a channel: connects, reconnects with back-off, and knows whether calls can go there. Loop thread only.
final class Subchannel: @unchecked Sendable {
  enum State {
    case connecting
    case ready(ClientConnection)
    /// Waits before the next attempt.
    case failed(RPCError)
    case closed
  }

  let address: SocketAddress
  private(set) var state = State.connecting
  private let loop: EventLoop
  private let configuration: RPCChannelConfiguration
  private let serverName: String
  private let buffer: ReadBuffer
  /// The state changed.
  var onChange: (Subchannel) -> Void = { _ in }
  /// A call ended: another one may begin.
  var onCallClosed: () -> Void = {}
  private var task: Task<Void, Never>?
  private var timer: LoopTimer?
  private var failures = 0

  init(
    address: SocketAddress, loop: EventLoop, configuration: RPCChannelConfiguration, serverName: String, buffer: ReadBuffer
  ) {
    self.address = address
    self.loop = loop
    self.configuration = configuration
    self.serverName = serverName
    self.buffer = buffer
  }

  var connection: ClientConnection? {
    if case .ready(let connection) = state { connection } else { nil }
  }

  var error: RPCError? {
    if case .failed(let error) = state { error } else { nil }
  }

  func connect() {
    state = .connecting
    task = loop.spawn { [self] in
      do {
        let connection = try await establish()
        guard case .connecting = state else { return connection.close("the channel was closed") }
        failures = 0
        state = .ready(connection)
        onChange(self)
      } catch {
        failed(error)
      }
    }
  }

  /// Ends it. Calls that run on its connection may finish unless `now`.
  func close(now: Bool) {
    let connection = connection
    state = .closed
    timer?.cancel()
    task?.cancel()
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
    let session = try RPCSession(role: .client, configuration: configuration.http2)
    let connection = ClientConnection(
      loop: loop, address: address, transport: transport, session: session, buffer: buffer, configuration: configuration)
    connection.begin()
    do {
      let spent = (loop.nowNanoseconds - started) / 1_000_000
      try await connection.ready.wait(timeoutMilliseconds: max(configuration.connectTimeoutMilliseconds, spent + 1) - spent)
    } catch {
      connection.close("no HTTP/2 settings from the server")
      throw error
    }
    connection.onRetired = { [weak self, unowned(unsafe) connection] in self?.retired(connection) }
    connection.onCallClosed = { [weak self] in self?.onCallClosed() }
    connection.startKeepalive()
    return connection
  }

  private func failed(_ error: any Error) {
    guard case .connecting = state else { return }
    let reason = (error as? RPCError)?.message ?? "\(error)"
    state = .failed(RPCError(.unavailable, "cannot reach \(address): \(reason)"))
    failures += 1
    timer = loop.schedule(afterMilliseconds: backoffMilliseconds()) { [weak self] in
      guard let self, case .failed = state else { return }
      connect()
    }
    onChange(self)
  }

  /// The server said goodbye or the connection broke: the next one is made at once, since the last one worked.
  private func retired(_ connection: ClientConnection) {
    guard case .ready(let current) = state, current === connection else { return }
    connect()
    onChange(self)
  }

  private func backoffMilliseconds() -> UInt64 {
    var pause = Double(configuration.backoffMinMilliseconds)
    for _ in 1..<min(max(failures, 1), 32) { pause *= 1.6 }
    return UInt64(min(pause, Double(configuration.backoffMaxMilliseconds)) * Double.random(in: 0.8...1.2))
  }
}

import EventLoops
import HTTP2

/// A way to call one service's servers, on one loop. Connects when first used, reconnects with back-off, and spreads calls over
/// all addresses in turn. Make and use it on its loop.
public final class RPCChannel: @unchecked Sendable {
  public let loop: EventLoop
  public let target: RPCTarget
  public let configuration: RPCChannelConfiguration
  /// Where calls are counted; nil for nowhere. Set it before the first call.
  public var statistics: RPCStatistics?
  private var methodStatistics: [(method: MethodDescriptor, counts: RPCMethodStatistics)] = []
  /// Run around every call, the first one outermost.
  public var interceptors: [RPCClientInterceptor] = []

  var throttle: RetryThrottle?
  private let buffer = ReadBuffer()
  private var subchannels: [Subchannel] = []
  private var next = 0
  private var waiting: [LoopWaiter] = []
  private var resolveTask: Task<Void, Never>?
  private var resolveTimer: LoopTimer?
  private var resolvedNanoseconds: UInt64?
  private var resolveError: RPCError?
  private var isClosed = false

  public init(target: RPCTarget, loop: EventLoop, configuration: RPCChannelConfiguration = RPCChannelConfiguration()) {
    self.target = target
    self.loop = loop
    self.configuration = configuration
    throttle = configuration.service.retryThrottling.map { RetryThrottle($0) }
  }

  deinit {
    // Not closed by its owner: its connections must not outlive it.
    let left = subchannels
    if !left.isEmpty { loop.execute { for subchannel in left { subchannel.close(now: true) } } }
  }

  /// Calls that run are cut off; later ones fail.
  public func close() {
    precondition(loop.isCurrent, "a channel belongs to its loop")
    isClosed = true
    resolveTask?.cancel()
    resolveTimer?.cancel()
    for subchannel in subchannels { subchannel.close(now: true) }
    subchannels = []
    wakeWaiting()
  }

  /// Servers that can take calls right now.
  public var readyConnections: Int { subchannels.count { $0.connection != nil } }

  /// The counts of `method`. A channel calls few methods: looking through them is cheaper than hashing a path.
  func counts(_ method: MethodDescriptor) -> RPCMethodStatistics? {
    guard let statistics else { return nil }
    if let known = methodStatistics.first(where: { $0.method == method }) { return known.counts }
    let counts = statistics.method(method, target: configuration.statisticsTarget ?? target.description)
    methodStatistics.append((method, counts))
    return counts
  }

  // MARK: Picking a connection

  /// A connection that takes a call now. Waits for one as long as there is hope, with `waitForReady` until the deadline.
  func pick(waitForReady: Bool, deadlineNanoseconds: UInt64?) async throws -> ClientConnection {
    precondition(loop.isCurrent, "a channel belongs to its loop")
    while true {
      if isClosed { throw RPCError(.unavailable, "the channel to \(target) is closed") }
      if resolvedNanoseconds == nil && resolveError == nil { resolve() }
      if let connection = pickReady() { return connection }
      if !waitForReady, let error = hopeless { throw error }
      try Task.checkCancellation()
      guard waiting.count < configuration.waitingCallsMax else {
        throw RPCError(.resourceExhausted, "too many calls wait for a connection to \(target)")
      }
      try await waitForChange(deadlineNanoseconds)
    }
  }

  private func pickReady() -> ClientConnection? {
    let count = subchannels.count
    for step in 0..<count {
      let index = (next + step) % count
      if let connection = subchannels[index].connection, connection.takesCalls {
        next = (index + 1) % count
        return connection
      }
    }
    return nil
  }

  /// Why waiting makes no sense, if so: every address has failed.
  private var hopeless: RPCError? {
    if subchannels.isEmpty { return resolveError }
    var last: RPCError?
    for subchannel in subchannels {
      guard let error = subchannel.error else { return nil }
      last = error
    }
    return last
  }

  private func waitForChange(_ deadlineNanoseconds: UInt64?) async throws {
    let waiter = LoopWaiter(loop: loop)
    var timer: LoopTimer?
    if let deadlineNanoseconds {
      let now = loop.nowNanoseconds
      guard deadlineNanoseconds > now else {
        throw RPCError(.deadlineExceeded, "the deadline passed while waiting for a connection to \(target)")
      }
      timer = loop.schedule(afterMilliseconds: (deadlineNanoseconds - now + 999_999) / 1_000_000) { waiter.signal() }
    }
    waiting.append(waiter)
    await waiter.wait()
    timer?.cancel()
    waiting.removeAll { $0 === waiter }
    // Who leaves without a connection hands the chance on.
    if Task.isCancelled || deadlineNanoseconds.map({ $0 <= loop.nowNanoseconds }) ?? false { wakeFirst() }
  }

  private func wakeFirst() {
    if !waiting.isEmpty { waiting.removeFirst().signal() }
  }

  private func wakeWaiting() {
    let all = waiting
    waiting = []
    for waiter in all { waiter.signal() }
  }

  // MARK: Addresses

  private func resolve() {
    guard resolveTask == nil, !isClosed else { return }
    resolveTask = loop.spawn { [self] in
      do {
        let addresses = try await lookUp()
        resolvedNanoseconds = loop.nowNanoseconds
        resolveError = nil
        use(addresses)
      } catch {
        resolveError = RPCError(.unavailable, "cannot find \(target): \(error)")
        resolveAgainLater()
      }
      resolveTask = nil
      wakeWaiting()
    }
  }

  private func lookUp() async throws -> [SocketAddress] {
    switch target.place {
    case .unix(let path): return [.unix(path: path)]
    case .hosts(let hosts):
      var found: [SocketAddress] = []
      var failure: (any Error)?
      for host in hosts {
        do {
          for address in try await loop.resolve(host: host.name, port: host.port) where !found.contains(address) { found.append(address) }
        } catch { failure = error }
      }
      if found.isEmpty, let failure { throw failure }
      return found
    }
  }

  private func use(_ addresses: [SocketAddress]) {
    guard !isClosed else { return }
    let gone = subchannels.filter { !addresses.contains($0.address) }
    subchannels.removeAll { !addresses.contains($0.address) }
    for subchannel in gone { subchannel.close(now: false) }
    for address in addresses where !subchannels.contains(where: { $0.address == address }) {
      let subchannel = Subchannel(
        address: address, loop: loop, configuration: configuration, serverName: configuration.serverName ?? target.serverName,
        buffer: buffer)
      subchannel.onChange = { [weak self] in self?.changed($0) }
      subchannel.onCallClosed = { [weak self] in self?.wakeFirst() }
      subchannels.append(subchannel)
      subchannel.connect()
    }
  }

  private func changed(_ subchannel: Subchannel) {
    if !waiting.isEmpty { wakeWaiting() }
    // Servers come and go by name: look again when one was lost, but not more often than once in a while.
    if subchannel.connection == nil { resolveAgainLater() }
  }

  private func resolveAgainLater() {
    guard resolveTimer == nil, !isClosed else { return }
    resolveTimer = loop.schedule(afterMilliseconds: 1_000) { [weak self] in
      self?.resolveTimer = nil
      self?.resolve()
    }
  }
}

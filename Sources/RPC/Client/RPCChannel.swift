import EventLoops
import HTTP2

/// A way to call one service's servers, on one loop. Connects when first used, reconnects with back-off, and spreads calls over
/// all addresses in turn, or as its configuration says. Make and use it on its loop.
public final class RPCChannel: @unchecked Sendable {
  public let loop: EventLoop
  public let target: RPCTarget
  public let configuration: RPCChannelConfiguration
  let requestFields: RequestFields
  /// Calls that are over and that nobody holds, for the next ones.
  private var spareCalls: [ClientCall] = []
  private static let spareCallsMax = 256
  /// Where calls are counted; nil for nowhere. Set it before the first call.
  public var statistics: RPCStatistics?
  private var methodStatistics: [(method: MethodDescriptor, counts: RPCMethodStatistics)] = []
  /// Run around every call, the first one outermost.
  public var interceptors: [RPCClientInterceptor] = []
  /// The calls of this channel so far; a call that was made more than once counts once.
  public internal(set) var calls = CallCounters()

  var throttle: RetryThrottle?
  /// Of connections to be made: grows when a server has enough of PINGs.
  private(set) var keepaliveMilliseconds: UInt64
  private let memory = LoopMemory()
  private let source: AddressSource
  private var balancer: LoadBalancer?
  private var outliers: OutlierDetector?
  let waiting = WaitingCalls()
  private var idleTimer: LoopTimer?
  /// Calls begun when the idle timer last looked.
  private var callsSeen: UInt64 = 0
  private var isClosed = false

  public init(target: RPCTarget, loop: EventLoop, configuration: RPCChannelConfiguration = RPCChannelConfiguration()) {
    self.target = target
    requestFields = RequestFields(configuration, authority: target.authority)
    self.loop = loop
    self.configuration = configuration
    keepaliveMilliseconds = configuration.keepaliveMilliseconds
    throttle = configuration.service.retryThrottling.map { RetryThrottle($0) }
    source = AddressSource(target, loop, configuration)
  }

  deinit {
    // Not closed by its owner: its connections must not outlive it.
    guard let balancer else { return }
    nonisolated(unsafe) let (left, outliers, idleTimer) = (balancer, outliers, idleTimer)
    let source = source
    loop.execute {
      source.stop()
      outliers?.stop()
      idleTimer?.cancel()
      left.close(now: true)
    }
  }

  /// A call that has not begun: a used one where there is one.
  func takeCall() -> ClientCall { spareCalls.popLast() ?? ClientCall(loop: loop, limits: configuration.limits) }

  /// Takes a call back that is over, unless somebody still holds it.
  @usableFromInline func giveBack(_ finished: consuming ClientCall) {
    var call = finished
    guard !call.isOpen, spareCalls.count < Self.spareCallsMax, isKnownUniquelyReferenced(&call) else { return }
    call.renew()
    spareCalls.append(call)
  }

  /// Calls that run are cut off; later ones fail.
  public func close() {
    precondition(loop.isCurrent, "a channel belongs to its loop")
    isClosed = true
    rest(now: true)
    waiting.wakeAll()
  }

  /// Servers that can take calls right now.
  public var readyConnections: Int { subchannels.count { $0.usableConnection != nil } }

  var subchannels: [Subchannel] { balancer?.subchannels ?? [] }
  var lookUps: UInt64 { source.lookUps }
  /// Calls that wait for a connection.
  public var waitingCalls: Int { waiting.count }
  /// What this channel's calls are counted under.
  public var statisticsTarget: String { configuration.statisticsTarget ?? target.description }

  /// How well the servers can be reached, all in all.
  public var connectivity: ConnectivityState {
    if isClosed { return .shutdown }
    guard source.isRunning else { return .idle }
    let states = subchannels.map(\.connectivity)
    for state in [ConnectivityState.ready, .connecting] where states.contains(state) { return state }
    if states.contains(.transientFailure) || source.error != nil { return .transientFailure }
    return subchannels.isEmpty ? .connecting : .idle
  }

  /// The counts of `method`. A channel calls few methods: looking through them is cheaper than hashing a path.
  func counts(_ method: MethodDescriptor) -> RPCMethodStatistics? {
    guard let statistics else { return nil }
    if let known = methodStatistics.first(where: { $0.method == method }) { return known.counts }
    let counts = statistics.method(method, target: statisticsTarget)
    methodStatistics.append((method, counts))
    return counts
  }

  // MARK: Picking a connection

  /// A connection that takes a call now, if there is one.
  @inline(__always) func pickAtOnce() -> ClientConnection? { balancer?.pick() }

  /// A connection that takes a call now. Waits for one as long as there is hope, with `waitForReady` until the deadline.
  func pick(waitForReady: Bool, deadlineNanoseconds: UInt64?) async throws -> ClientConnection {
    precondition(loop.isCurrent, "a channel belongs to its loop")
    while true {
      if let connection = pickAtOnce() { return connection }
      if isClosed { throw RPCError(.unavailable, "the channel to \(target) is closed") }
      if balancer == nil {
        wakeUp()
        continue
      }
      if !waitForReady, let error = hopeless { throw error }
      try Task.checkCancellation()
      guard waiting.count < configuration.waitingCallsMax else {
        throw RPCError(.resourceExhausted, "too many calls wait for a connection to \(target)")
      }
      try await waitForChange(deadlineNanoseconds)
    }
  }

  /// Why waiting makes no sense, if so.
  private var hopeless: RPCError? { subchannels.isEmpty ? source.error : balancer?.hopeless }

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
    waiting.add(waiter)
    await waiter.wait()
    timer?.cancel()
    waiting.remove(waiter)
    // Who leaves without a connection hands the chance on.
    if Task.isCancelled || deadlineNanoseconds.map({ $0 <= loop.nowNanoseconds }) ?? false { waiting.wakeFirst() }
  }

  // MARK: Told by the servers

  /// A server was reached or lost.
  func changed(_ subchannel: Subchannel) {
    balancer?.changed(subchannel)
    waiting.wakeAll()
    // Servers come and go by name.
    if subchannel.connection == nil { source.hint() }
  }

  /// A server takes more or fewer calls than before.
  func availabilityChanged() {
    waiting.wakeAll()
  }

  /// gRPC's rule for clients: half as often from now on.
  func keepaliveWasTooOften() { keepaliveMilliseconds = keepaliveMilliseconds.multipliedReportingOverflow(by: 2).partialValue }

  // MARK: Work and rest

  private func wakeUp() {
    let balancer = LoadBalancer.make(configuration.loadBalancing, loop) { [weak self] address in
      guard let self else { return nil }
      return Subchannel(address: address, channel: self, serverName: configuration.serverName ?? target.serverName, memory: memory)
    }
    self.balancer = balancer
    if let ejection = configuration.outlierEjection {
      let detector = OutlierDetector(ejection, loop: loop)
      detector.start(servers: { [weak self] in self?.subchannels ?? [] }, onChange: { [weak self] in self?.waiting.wakeAll() })
      outliers = detector
    }
    if let idle = configuration.idleTimeoutMilliseconds { restLater(idle) }
    source.start(
      onAddresses: { [weak self] in
        self?.balancer?.use($0)
        self?.waiting.wakeAll()
      }, onFailure: { [weak self] in self?.waiting.wakeAll() })
  }

  private func restLater(_ milliseconds: UInt64) {
    idleTimer = loop.schedule(afterMilliseconds: milliseconds) { [weak self] in
      guard let self else { return }
      if calls.running == 0, calls.started == callsSeen { return rest(now: false) }
      callsSeen = calls.started
      restLater(milliseconds)
    }
  }

  /// No connections and no look-ups any more, until there is a call again.
  private func rest(now: Bool) {
    idleTimer?.cancel()
    idleTimer = nil
    outliers?.stop()
    outliers = nil
    source.stop()
    let resting = balancer
    balancer = nil
    resting?.close(now: now)
  }
}

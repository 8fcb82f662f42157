import EventLoops
import HTTP2
import TLS

/// One client's connection to a server.
final class ServerConnection: RPCConnection {
  let server: RPCServer
  let peer: SocketAddress
  private(set) lazy var peerFacts = PeerFacts(
    loop: loop, address: peer, certificate: makePeerCertificate(), forwardedKeys: server.configuration.forwardedMetadataKeys)
  /// Handlers that have not returned, those of streams that are gone included.
  private var runningCalls = 0
  private var pingStrikes = 0
  private var lastPingNanoseconds: UInt64 = 0
  private var awaitsPong = false
  private var isDraining = false
  private var refusesStreams = false
  private var countedHeldBytes = 0
  /// Of the open streams' requests.
  var headerBytes = 0
  /// Calls that wait until the client has taken more of the answers before them.
  private var deferredCalls: [ServerCall] = []
  var frameMark = StallMark()
  var outputMark = StallMark()
  /// Since when every call waits for the client.
  var waitMark = StallMark()
  /// Since when it has held more than its share while memory was short.
  var hoardMark = StallMark()
  /// Not read from when it was last looked at.
  var wasPaused = false
  // The timers hold the connection, not weakly: weak references make every reference to an object slower. Its end cancels them.
  private var timer: LoopTimer?
  private var ageTimer: LoopTimer?
  private var drainTimer: LoopTimer?
  private var idleTimer: LoopTimer?
  private var pauseTimer: LoopTimer?
  private var usefulFramesAtPing: UInt64 = 0
  /// A call has begun since the idle timer last looked.
  private var wasUsed = true
  private var graceMilliseconds: UInt64
  private var repeatedID: UInt64 = 0
  private var repeatedCount = 0
  private var repeatedPart = RequestHead.Found()
  private(set) var calls = CallCounters()
  private(set) var keepalivesSent: UInt64 = 0

  init(server: RPCServer, transport: consuming Transport, session: RPCSession, peer: SocketAddress) {
    self.server = server
    self.peer = peer
    graceMilliseconds = server.configuration.drainMilliseconds
    super.init(loop: server.loop, transport: transport, session: session, memory: server.memory)
  }

  /// - Parameter pauseMilliseconds: the client's bytes wait so long before they are read.
  func start(afterMilliseconds pauseMilliseconds: UInt64) {
    if pauseMilliseconds > 0 {
      isInputPaused = true
      pauseTimer = loop.schedule(afterMilliseconds: pauseMilliseconds) { [self] in isInputPaused = false }
    }
    begin()
    let configuration = server.configuration
    timer = loop.schedule(afterMilliseconds: configuration.handshakeTimeoutMilliseconds) { [self] in
      guard session.settingsReceived else { return close("no HTTP/2 preface within the handshake time-out") }
      scheduleKeepalive()
    }
    if let age = configuration.connectionAgeMaxMilliseconds {
      ageTimer = loop.schedule(afterMilliseconds: UInt64.random(in: age - age / 10...age + age / 10)) { [self] in growOld() }
    }
    watchIdleness()
  }

  override func makeStream() -> HTTP2Stream { server.makeCall(self) }

  override var lingerMilliseconds: UInt64 { 2_000 }

  override func reclaim(_ stream: HTTP2Stream) {
    // All streams of this connection are made above.
    server.keep(unsafeDowncast(stream, to: ServerCall.self))
  }

  // MARK: Calls

  /// Streams that were reset may leave handlers behind that still run: they count.
  var mayStartCall: Bool { runningCalls < 2 * Int(server.configuration.http2.concurrentStreamsMax) }

  /// A few bytes of a compressed header block can stand for many: the calls of one connection may have so much in their header fields, and those
  /// above it are refused.
  func admits(headerBytes more: Int) -> Bool {
    guard headerBytes + more > ServerWatch.shareBytesMin else { return true }
    return headerBytes + more <= (server.watch.isMemoryShort ? server.watch.shareBytes : server.configuration.headerBytesMax)
  }

  /// Answers pile up where a client asks faster than it reads: then its next calls wait, not all others'. What a writer may have queued before
  /// it waits does not count, so that slow streams do not hold up the calls beside them; but while memory is short it does.
  var hasRoomForAnswers: Bool {
    let queued = session.heldOutputBytes
    guard queued > ServerWatch.shareBytesMin else { return true }
    // Counted now: one read can begin hundreds of calls that are answered at once.
    countHeldBytes()
    if server.watch.isMemoryShort { return queued <= server.watch.shareBytes }
    let begun = session.openStreams - deferredCalls.count
    return queued <= server.configuration.queuedOutputBytesMax + begun * server.configuration.limits.queuedOutputBytesMax
  }

  /// While memory is short a client may have its share of calls that wait; what it asks for besides is refused, and may be asked for elsewhere.
  var mayDeferCall: Bool { !server.watch.isMemoryShort || deferredCalls.count < server.watch.shareOfDeferredCalls }

  /// Received bytes of messages that are not whole, on all streams.
  var unfinishedBytes: Int {
    var sum = 0
    session.forEachStream { sum += ($0 as? ServerCall)?.unfinishedBytes ?? 0 }
    return sum
  }

  var waitingCalls: Int { deferredCalls.count }

  /// What a request's headers say. Most begin as those before them do, see `HTTP2Headers.repeated`: that part is read once.
  func head(_ headers: HTTP2Headers) -> RequestHead.Outcome {
    let (repeated, router) = (headers.repeated, server.router)
    if repeated.id != repeatedID || repeated.count != repeatedCount {
      repeatedID = repeated.id
      repeatedCount = repeated.count
      repeatedPart = RequestHead.find(headers, from: 0, to: repeated.count, after: RequestHead.Found(), router: router)
    }
    let found = RequestHead.find(headers, from: repeated.count, to: headers.count, after: repeatedPart, router: router)
    return RequestHead.judge(found, headers, router: router)
  }

  func deferCall(_ call: ServerCall) { deferredCalls.append(call) }

  func forget(deferred call: ServerCall) { deferredCalls.removeAll { $0 === call } }

  func startDeferredCalls() {
    guard !deferredCalls.isEmpty, hasRoomForAnswers, !isClosed else { return }
    let waiting = deferredCalls
    deferredCalls = []
    for call in waiting { call.runDeferred() }
    markDirty()
  }

  override func heldBytesMayHaveChanged() {
    countHeldBytes()
    if !deferredCalls.isEmpty { startDeferredCalls() }
  }

  private func countHeldBytes() {
    let held = session.heldBytes + headerBytes
    guard held != countedHeldBytes else { return }
    let delta = held - countedHeldBytes
    countedHeldBytes = held
    server.watch.held(self, changedBy: delta)
  }

  func callStarted() {
    runningCalls += 1
    wasUsed = true
    server.runningCalls += 1
  }

  func callEnded() {
    runningCalls -= 1
    server.callEnded()
  }

  // MARK: Keepalive

  override func sessionChanged(_ events: HTTP2SessionEvents) {
    if events.contains(.pingAcknowledged) {
      awaitsPong = false
      // The last one's is out: the client has seen the notice before it.
      if isDraining, session.pingsUnanswered == 0 { refuseStreams() }
    }
    if events.contains(.pingReceived) { judgePing() }
  }

  /// Too many PINGs in a row without calls cost the client its connection, as gRPC servers do it (too_many_pings).
  private func judgePing() {
    let now = loop.nowNanoseconds
    let interval = server.configuration.clientPingIntervalMinMilliseconds * 1_000_000
    let isTooEarly = lastPingNanoseconds != 0 && now - lastPingNanoseconds < interval
    let isUncalledFor = session.openStreams == 0 && !server.configuration.allowsPingsWithoutCalls
    lastPingNanoseconds = now
    // Clients that measure the bandwidth send a PING with what they receive.
    if session.usefulFramesSent != usefulFramesAtPing { pingStrikes = 0 }
    usefulFramesAtPing = session.usefulFramesSent
    guard isTooEarly || isUncalledFor else { return }
    pingStrikes += 1
    guard pingStrikes > 2 else { return }
    session.announceEnd(.enhanceYourCalm, "too_many_pings")
    nonisolated(unsafe) let connection = self
    // Not at once: this runs inside `receive`.
    loop.execute { connection.fail("the client sent too many PINGs") }
  }

  private func scheduleKeepalive() {
    let interval = server.configuration.keepaliveMilliseconds
    guard interval > 0, !isClosed else { return }
    let idle = (loop.nowNanoseconds - lastReadNanoseconds) / 1_000_000
    timer = loop.schedule(afterMilliseconds: interval > idle ? interval - idle : 1) { [self] in keepaliveDue() }
  }

  private func keepaliveDue() {
    guard !isClosed else { return }
    guard (loop.nowNanoseconds - lastReadNanoseconds) / 1_000_000 >= server.configuration.keepaliveMilliseconds else { return scheduleKeepalive() }
    awaitsPong = true
    keepalivesSent += 1
    let sent = loop.nowNanoseconds
    session.ping()
    timer = loop.schedule(afterMilliseconds: server.configuration.keepaliveTimeoutMilliseconds) { [self] in
      guard !awaitsPong || lastReadNanoseconds > sent else { return close("the client did not answer a keepalive PING") }
      awaitsPong = false
      scheduleKeepalive()
    }
  }

  // MARK: Counting

  func callBegan(_ now: UInt64) {
    calls.started(now)
    server.calls.started(now)
  }

  func callSettled(_ code: StatusCode) {
    calls.ended(code == .ok)
    server.calls.ended(code == .ok)
  }

  // MARK: Draining

  private func growOld() {
    if let grace = server.configuration.connectionAgeGraceMilliseconds, !isDraining { graceMilliseconds = grace }
    drain()
  }

  private func watchIdleness() {
    guard let period = server.configuration.connectionIdleMaxMilliseconds, !isClosed else { return }
    idleTimer = loop.schedule(afterMilliseconds: period) { [self] in
      if !wasUsed, runningCalls == 0, session.openStreams == 0 { return drain() }
      wasUsed = false
      watchIdleness()
    }
  }

  /// GOAWAY twice: first a notice, then, when the client must have seen it, the number of the last stream that still counts.
  /// What runs may finish, for as long as the configuration allows.
  func drain() {
    guard !isDraining, !isClosed else { return }
    isDraining = true
    session.announceShutdown()
    session.ping()
    drainTimer = loop.schedule(afterMilliseconds: 1_000) { [self] in refuseStreams() }
  }

  private func refuseStreams() {
    guard !refusesStreams, !isClosed else { return }
    refusesStreams = true
    session.refuseNewStreams()
    drainTimer?.cancel()
    drainTimer = loop.schedule(afterMilliseconds: graceMilliseconds) { [self] in
      close("calls were still running at the end of the drain")
    }
  }

  override func didClose() {
    deferredCalls = []
    server.watch.connectionClosed(self)
    timer?.cancel()
    ageTimer?.cancel()
    drainTimer?.cancel()
    idleTimer?.cancel()
    pauseTimer?.cancel()
    server.connectionClosed(self)
  }
}

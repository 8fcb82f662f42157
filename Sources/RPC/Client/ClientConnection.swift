import EventLoops
import HTTP2
import TLS

/// One connection of a channel to one server.
final class ClientConnection: RPCConnection {
  let address: SocketAddress
  /// Succeeds with the server's first SETTINGS, fails if the connection ends before.
  let ready: LoopPromise<Void>
  let counters: SubchannelCounters
  private let keepaliveMilliseconds: UInt64
  private let keepaliveWithoutCalls: Bool
  private let keepaliveTimeoutMilliseconds: UInt64
  private var keepaliveTimer: LoopTimer?
  private var awaitsPong = false
  private(set) var isRetired = false
  /// Called once, when the connection takes no more calls.
  var onRetired: (() -> Void)?
  /// Of its channel: when a call has ended another one may begin.
  var waitingCalls: WaitingCalls?
  /// For those who wait for an answer without being told of a cancellation.
  private let watch: WaitWatch
  /// The heads and trailers of answers that came again, and are known to say nothing but that all is well (`HTTP2Headers.repeated`).
  private var plainHeadersID: UInt64 = 0
  private var plainTrailersID: UInt64 = 0
  /// Called when the server may take more or fewer streams than before.
  var onSettings: (() -> Void)?
  /// Called when the server ends the connection because of our keepalive.
  var onTooManyPings: (() -> Void)?
  private(set) var keepalivesSent: UInt64 = 0
  var calls = CallCounters()

  init(
    loop: EventLoop, address: SocketAddress, transport: consuming Transport, session: RPCSession, memory: LoopMemory,
    counters: SubchannelCounters, keepaliveMilliseconds: UInt64, configuration: RPCChannelConfiguration
  ) {
    self.address = address
    self.counters = counters
    self.keepaliveMilliseconds = keepaliveMilliseconds
    keepaliveWithoutCalls = configuration.keepaliveWithoutCalls
    keepaliveTimeoutMilliseconds = configuration.keepaliveTimeoutMilliseconds
    ready = LoopPromise(loop: loop)
    watch = WaitWatch(loop: loop, periodMilliseconds: 10)
    super.init(loop: loop, transport: transport, session: session, memory: memory)
  }

  /// Calls may begin here, if not now, then when others have ended.
  var isUsable: Bool { !isClosed && !isRetired && session.acceptsRequests }

  /// One more call may begin here and now.
  var takesCalls: Bool {
    !isClosed && !isRetired && session.acceptsRequests && session.openStreams < session.peerConcurrentStreamsMax
  }

  // MARK: Answers like those before them

  @inline(__always) func isPlain(headers: HTTP2Headers) -> Bool { plainHeadersID != 0 && headers.repeated.id == plainHeadersID }
  @inline(__always) func isPlain(trailers: HTTP2Headers) -> Bool { plainTrailersID != 0 && trailers.repeated.id == plainTrailersID }

  /// Messages follow, which are not compressed.
  func arePlain(headers: HTTP2Headers) { plainHeadersID = headers.repeated.id }
  /// The status is OK.
  func arePlain(trailers: HTTP2Headers) { plainTrailersID = trailers.repeated.id }

  override func sessionChanged(_ events: HTTP2SessionEvents) {
    if events.contains(.settings) {
      ready.succeed(())
      onSettings?()
    }
    if events.contains(.pingAcknowledged) { awaitsPong = false }
    if events.contains(.goaway) {
      if session.goawayCode == .enhanceYourCalm, session.goawayText == "too_many_pings" { onTooManyPings?() }
      retire()
    }
  }

  /// Stream identifiers are not used again, and there are 2^30 of them for a client (RFC 9113 section 5.1.1): after the last one the next
  /// calls need another connection.
  func opened(stream id: Int32) {
    if id > Self.streamIDMax { retire() }
  }

  private static let streamIDMax = Int32.max - 2

  func callClosed() {
    waitingCalls?.wakeFirst()
    if isRetired && session.openStreams == 0 { closeWhenIdle() }
  }

  /// No more calls begin here; those that run may finish.
  func retire() {
    guard !isRetired else { return }
    isRetired = true
    onRetired?()
    if session.openStreams == 0 { closeWhenIdle() }
  }

  /// Not at once: this may run inside `receive`.
  private func closeWhenIdle() {
    nonisolated(unsafe) let connection = self
    loop.execute {
      if connection.session.openStreams == 0 { connection.close("the connection was retired") }
    }
  }

  // MARK: Waiting for answers

  /// A call of this connection waits for its answer.
  @inline(__always) func answerAwaited() {
    if !watch.isSet { watch.start { [self] in lookAtWaits() } }
  }

  /// Most answers come sooner. Who waits for longer is woken, and waits on in the ordinary way.
  private func lookAtWaits() -> Bool {
    var areLeft = false
    session.forEachStream { stream in
      if let call = stream as? ClientCall, call.lookAtWait() { areLeft = true }
    }
    return areLeft
  }

  // MARK: Keepalive

  /// Watches the server while calls run. Until it is closed the connection stays for that.
  func startKeepalive() {
    guard keepaliveMilliseconds > 0, !isClosed else { return }
    keepaliveTimer = loop.schedule(afterMilliseconds: keepaliveMilliseconds) { [self] in keepaliveDue() }
  }

  private func keepaliveDue() {
    guard !isClosed else { return }
    let isQuiet = loop.nowNanoseconds - lastReadNanoseconds >= keepaliveMilliseconds * 1_000_000
    guard isQuiet, keepaliveWithoutCalls || session.openStreams > 0 else { return startKeepalive() }
    awaitsPong = true
    keepalivesSent += 1
    session.ping()
    keepaliveTimer = loop.schedule(afterMilliseconds: keepaliveTimeoutMilliseconds) { [self] in
      if awaitsPong { close("the server did not answer a keepalive PING") } else { startKeepalive() }
    }
  }

  override func didClose() {
    keepaliveTimer?.cancel()
    watch.stop()
    ready.fail(RPCError(.unavailable, closeReason))
    isRetired = true
    onRetired?()
    onRetired = nil
    onSettings = nil
    onTooManyPings = nil
  }
}

import EventLoops
import HTTP2
import TLS

/// Memory that the connections of one loop share: what they read into, one after the other, and nghttp2's small blocks.
final class LoopMemory {
  static let readBytes = 64 << 10
  let readBuffer = UnsafeMutableRawPointer.allocate(byteCount: LoopMemory.readBytes, alignment: 64)
  let http2 = HTTP2Memory()

  deinit { readBuffer.deallocate() }
}

/// The session of a connection: hands everything on to it.
class RPCSession: HTTP2Session {
  // The connection owns the session, and lets go of it before it goes.
  fileprivate(set) unowned(unsafe) final var connection: RPCConnection?

  override final func makeStream() -> HTTP2Stream { connection?.makeStream() ?? HTTP2Stream() }
  override final func handle(_ events: HTTP2SessionEvents) { connection?.sessionChanged(events) }
  override final func outputPending() { connection?.outputPending() }
  override final func reclaim(_ stream: HTTP2Stream) { connection?.reclaim(stream) }
}

/// One socket with an HTTP/2 session on it, at either end. Loop thread only.
///
/// All output of one loop iteration goes out in as few writes as it fits in.
class RPCConnection: Pollable {
  final let session: RPCSession
  private final var transport: Transport?
  private final let memory: LoopMemory
  private final var continuesReading = false
  /// Set when all is said and heard, and the peer may still be taking it.
  private final var lingering: LingeringClose?
  /// When bytes last arrived (CLOCK_MONOTONIC).
  private(set) final var lastReadNanoseconds: UInt64
  final let connectedNanoseconds: UInt64
  /// Those of calls that are over.
  private(set) final var messagesSent: UInt64 = 0
  private(set) final var messagesReceived: UInt64 = 0
  private(set) final var isClosed = false
  /// Why the connection ended; for the log and for the calls that it took with it.
  private(set) final var closeReason = "the connection was closed"

  /// While true nothing is read: the peer is held back by TCP.
  final var isInputPaused = false {
    didSet {
      guard isInputPaused != oldValue, !isClosed else { return }
      setInterest(read: !isInputPaused, write: isWriteWanted)
      // Bytes may wait in OpenSSL's buffer, which no poll reports.
      if !isInputPaused { continueReading() }
    }
  }

  private static let outboundBytesMax = 64 << 10
  private static let readBytesPerTurn = 1 << 20
  /// Counts for a read of less: that is not free either.
  private static let readBytesMin = 4 << 10
  /// The head of a frame.
  private static let headBytes = 9
  /// How much is read at once where it is not known what comes: little while large messages come, which are better read to their place.
  private final var readAhead = LoopMemory.readBytes

  init(loop: EventLoop, transport: consuming Transport, session: RPCSession, memory: LoopMemory) {
    let descriptor = transport.descriptor
    // TLS makes records of what is written: there, one that is whole is worth more than a copy saved.
    session.lendsOutput = !transport.isTLS
    self.transport = consume transport
    self.session = session
    self.memory = memory
    connectedNanoseconds = loop.nowNanoseconds
    lastReadNanoseconds = connectedNanoseconds
    super.init(loop: loop, descriptor: descriptor)
    session.connection = self
  }

  deinit { session.connection = nil }

  final func begin() {
    setInterest(read: !isInputPaused, write: false)
    markDirty()
  }

  // MARK: For the two ends

  func makeStream() -> HTTP2Stream { HTTP2Stream() }
  /// A stream of this connection that nobody holds any more.
  func reclaim(_ stream: HTTP2Stream) {}
  func sessionChanged(_ events: HTTP2SessionEvents) {}
  /// Called after input was taken in or output was sent, and once after the end: `session.heldBytes` may have changed.
  func heldBytesMayHaveChanged() {}
  /// For the peer to take some of what was said last, and to close the connection, when it has come to its end; 0: it is closed at once.
  var lingerMilliseconds: UInt64 { 0 }
  /// Called once, after every stream was told.
  func didClose() {}

  final var isTLS: Bool { transport?.isTLS ?? false }

  /// Takes over what a call that is over has counted.
  final func countMessages(of call: RPCStream) {
    let counts = call.takeMessageCounts()
    messagesSent &+= counts.sent
    messagesReceived &+= counts.received
  }

  /// Of the peer's verified certificate; nil where it showed none.
  final func makePeerCertificate() -> PeerCertificate? {
    let (subject, names) = (transport?.peerCertificateName, transport?.peerCertificateNames ?? [])
    return subject == nil && names.isEmpty ? nil : PeerCertificate(subject: subject, names: names)
  }

  // MARK: I/O

  final func outputPending() {
    if !isClosed { markDirty() }
  }

  override final func onReady(readable: Bool, writable: Bool) {
    if writable { markDirty() }
    if readable { readInput() }
  }

  private final func readInput() {
    guard lingering == nil else { return discardInput() }
    var spent = 0
    defer { heldBytesMayHaveChanged() }
    while !isClosed, !isInputPaused {
      let payload = session.payloadTarget()
      let ahead = payload == nil ? readAhead : Self.headBytes
      guard let result = read(payload, ahead) else { return }
      switch result {
      case .bytes(let count):
        lastReadNanoseconds = loop.nowNanoseconds
        session.clockAdvanced(toNanoseconds: lastReadNanoseconds)
        do throws(HTTP2Error) {
          try take(count, payload)
        } catch {
          fail(error.description)
          return
        }
        // A short read has emptied the socket: asking again would cost a system call to hear so.
        if count < ahead + (payload?.count ?? 0), transport?.holdsInput == false { return inputDrained() }
        readAhead = payload == nil ? LoopMemory.readBytes : Self.readBytesMin
        spent += max(count, Self.readBytesMin)
        heldBytesMayHaveChanged()
        // The others get their turn; with TLS the rest may be in OpenSSL's buffer, which no poll reports.
        if spent >= Self.readBytesPerTurn { return continueReading() }
      case .wouldBlock: return inputDrained()
      case .closed:
        close("the peer closed the connection")
      case .failed(let reason):
        close(reason)
      }
    }
  }

  /// The rest of a large payload goes to its place, together with the head of the next frame, which says where what follows belongs.
  @inline(__always) private final func read(_ payload: UnsafeMutableRawBufferPointer?, _ ahead: Int) -> IOResult? {
    guard let payload else { return transport?.read(into: memory.readBuffer, count: ahead) }
    return transport?.read(into: payload, then: UnsafeMutableRawBufferPointer(start: memory.readBuffer, count: ahead))
  }

  @inline(__always) private final func take(_ count: Int, _ payload: UnsafeMutableRawBufferPointer?) throws(HTTP2Error) {
    guard let payload else { return try session.receive(UnsafeRawBufferPointer(start: memory.readBuffer, count: count)) }
    try session.receivePayload(UnsafeRawBufferPointer(start: payload.baseAddress, count: min(count, payload.count)))
    // What the payload led to may have ended the connection.
    guard count > payload.count, !isClosed else { return }
    try session.receive(UnsafeRawBufferPointer(start: memory.readBuffer, count: count - payload.count))
  }

  private final func inputDrained() {
    if transport?.wantsWrite ?? false { setInterest(read: !isInputPaused, write: true) }
    // Output that waited for the TLS handshake.
    if session.hasOutbound { markDirty() }
  }

  private final func continueReading() {
    guard !continuesReading else { return }
    continuesReading = true
    nonisolated(unsafe) let connection = self
    loop.execute {
      connection.continuesReading = false
      connection.readInput()
    }
  }

  override final func flush() {
    guard !isClosed, lingering == nil else { return }
    defer { heldBytesMayHaveChanged() }
    while true {
      do throws(HTTP2Error) {
        if session.outboundCost < Self.outboundBytesMax { try session.produce(upTo: Self.outboundBytesMax) }
      } catch {
        return close(error.description)
      }
      guard !isClosed, session.hasOutbound else { break }
      guard writeOutput() else { return }
    }
    guard !isClosed else { return }
    setInterest(read: !isInputPaused, write: transport?.wantsWrite ?? false)
    if session.isFinished { finish() }
  }

  /// False when the rest must wait.
  private final func writeOutput() -> Bool {
    switch write() {
    case .bytes(let count):
      session.outboundWritten(count)
      return true
    case .wouldBlock:
      // A TLS handshake that waits for the peer wakes up by reading; everything else by writing.
      setInterest(read: !isInputPaused, write: transport?.needsOnlyInput != true)
      return false
    case .closed:
      close("the peer closed the connection")
    case .failed(let reason):
      close(reason)
    }
    return false
  }

  private final func write() -> IOResult {
    if session.hasLentOutbound { return session.withOutboundPlaces { transport?.write(from: $0) ?? .closed } }
    return session.outbound.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return .wouldBlock }
      return transport?.write(from: base, count: bytes.count) ?? .closed
    }
  }

  // MARK: The end

  private final func finish() {
    guard lingerMilliseconds > 0 else { return close("the connection is done") }
    setInterest(read: true, write: false)
    lingering = LingeringClose(self, milliseconds: lingerMilliseconds, isTLS: isTLS) { [self] in close("the connection is done") }
    discardInput()
  }

  private final func discardInput() {
    for _ in 0..<16 {
      guard let result = transport?.read(into: memory.readBuffer, count: LoopMemory.readBytes) else { return }
      switch result {
      case .bytes: continue
      case .wouldBlock: return
      case .closed, .failed: return close("the connection is done")
      }
    }
    // More of it than anybody has reason to send.
    close("the connection is done")
  }

  /// The peer broke the protocol: what can be said to it is said, then the connection ends.
  final func fail(_ reason: String) {
    guard !isClosed else { return }
    do throws(HTTP2Error) {
      try session.produce(upTo: Self.outboundBytesMax)
    } catch {
      return close(reason)
    }
    if !isClosed, session.hasOutbound { _ = writeOutput() }
    close(reason)
  }

  /// Ends the connection and every stream on it, now.
  final func close(_ reason: String) {
    guard !isClosed else { return }
    isClosed = true
    closeReason = reason
    lingering?.cancel()
    lingering = nil
    stopWatching()
    session.close()
    heldBytesMayHaveChanged()
    transport = nil
    didClose()
  }
}

extension Transport {
  /// Nothing can be written before something was read: true while a TLS handshake waits for the peer.
  var needsOnlyInput: Bool { isTLS && !isEstablished && !wantsWrite }
}

import Bytes
import EventLoops
import HTTP1
import HTTP2

/// HTTP/2 over one connection: many exchanges at once, each on its own stream. Loop thread only.
final class HTTP2Driver: ConnectionDriver {
  let connection: HTTPConnection
  let limits: HTTPServerLimits
  private let session: ServerSession
  private var isEnding = false
  /// Since when there has been no request; nil while there is one.
  private var idleSinceNanoseconds: UInt64?
  /// Requests that were begun and whose streams are open.
  private var begunStreams = 0
  /// What the header fields of the open streams take.
  private var headerBytes = 0
  private var frameMark = StallMark()
  /// Requests that wait until the client has taken more of the answers before them.
  private var deferred: [HTTP2ServerStream] = []

  private static let readBytes = 64 * 1024
  private static let readsPerTurn = 8
  private static let outputBytesPerTurn = 256 * 1024
  /// A stream that has waited for the client for this part of its patience speaks no more for a client that has let another one stall.
  private static let slowFraction: UInt64 = 4
  /// Between the first GOAWAY and the second: about one round trip of a far client.
  private static let shutdownNoticeMilliseconds: UInt64 = 300

  init(_ connection: HTTPConnection) throws(HTTP2Error) {
    self.connection = connection
    limits = connection.server.limits
    var configuration = HTTP2Configuration()
    configuration.concurrentStreamsMax = limits.streamsPerConnectionMax
    configuration.streamWindowBytes = Int32(clamping: limits.inputBytesMax)
    configuration.connectionWindowBytes = Int32(clamping: limits.connectionInputBytesMax)
    configuration.bufferedBytesMax = limits.connectionInputBytesMax
    configuration.headerListBytesMax = limits.headerListBytesMax
    configuration.outputLowWaterBytes = limits.outputBytesMax / 2
    configuration.glitchBudget >>= connection.server.strikes(connection.peer)
    // HTTP2ServerStream lets the client finish, within bounds, first.
    configuration.resetsUnfinishedRequests = false
    session = try ServerSession(role: .server, configuration: configuration, memory: connection.server.http2Memory)
    session.driver = self
  }

  /// Answers pile up where a client asks faster than it reads: then its next requests wait, not all others'. What a writer may have queued
  /// before it waits does not count, so that slow downloads do not hold up the requests beside them; unless memory is short, of which this
  /// connection then may hold a sixteenth.
  var hasRoomForAnswers: Bool {
    // Not the header fields of those that wait, which would wait for themselves.
    if connection.server.isMemoryShort { return outputBytes <= limits.connectionOutputBytesMax / 16 }
    return session.queuedOutputBytes <= limits.connectionOutputBytesMax + begunStreams * limits.outputBytesMax
  }

  /// A few bytes of a compressed header block can stand for many: the requests of one connection may have so much in their header fields, and
  /// a small share while memory is short. The streams above that are refused, and may be tried again.
  ///
  /// Nor may more than its share of requests wait for memory while it is short: each takes some KiB by itself.
  func admits(headerBytes more: Int) -> Bool {
    if connection.server.isMemoryShort, deferred.count >= connection.server.deferredRequestsShare { return false }
    let bytesMax = connection.server.isMemoryShort ? connection.server.headerBytesShare : limits.connectionHeaderBytesMax
    return headerBytes + more <= bytesMax || headerBytes == 0
  }

  func streamOpened(headerBytes bytes: Int) {
    headerBytes += bytes
    countHeldBytes()
  }

  func streamBegan() { begunStreams += 1 }

  func streamClosed(headerBytes bytes: Int, hadBegun: Bool) {
    headerBytes -= bytes
    if hadBegun { begunStreams -= 1 }
    countHeldBytes()
  }

  func deferRequest(_ stream: HTTP2ServerStream) { deferred.append(stream) }

  func forget(deferred stream: HTTP2ServerStream) { deferred.removeAll { $0 === stream } }

  /// At once, not at the end of the iteration: many answers may be made in one.
  func countHeldBytes() {
    // Streams end a little later than their connection, whose account is closed.
    if connection.isOpen { connection.heldBytes = outputBytes + headerBytes }
  }

  /// Answers that the client has not taken.
  private var outputBytes: Int { session.queuedOutputBytes + session.outbound.count }

  private func outputMoved() {
    countHeldBytes()
    // Each may use up the room for the next.
    while !deferred.isEmpty, hasRoomForAnswers { deferred.removeFirst().beginDeferred() }
  }

  func sweep(_ now: UInt64) {
    guard !isEnding else { return }
    outputMoved()
    if !session.isInsideControlFrame {
      frameMark.clear()
    } else if frameMark.waited(moved: Int(truncatingIfNeeded: session.framesReceived), bytesMin: 1, now: now) >= limits.headMilliseconds * 1_000_000 {
      return endForStalling()
    }
    let patience = connection.server.outputPatienceNanoseconds
    var stalled: [HTTP2ServerStream] = []
    // Streams that wait for the client: to take their answers, or those of the streams before them.
    var waiting = deferred.count
    session.forEachStream { stream in
      guard let stream = stream as? HTTP2ServerStream else { return }
      let waited = stream.stalledNanoseconds(now)
      if waited >= patience { stalled.append(stream) }
      if waited >= patience / Self.slowFraction { waiting += 1 }
    }
    for stream in stalled {
      session.chargeStalledStream()
      stream.giveUp()
    }
    if !stalled.isEmpty { connection.hasStalled = true }
    // Without any stream left, too: those that stalled were all that the client had.
    if connection.hasStalled, waiting >= session.openStreams || session.glitchBudgetLeft < 0 { endForStalling() }
  }

  private func endForStalling() {
    connection.countEnded()
    session.terminate(.enhanceYourCalm)
    end()
  }

  var isQuiet: Bool { session.openStreams == 0 && session.outbound.isEmpty }

  func start(_ input: borrowing ByteBuffer) {
    watchIdleness()
    input.withUnsafeBytes { receive($0) }
    inputReady()
  }

  func inputReady() {
    guard !isEnding else {
      connection.wantsInput = false
      return
    }
    withUnsafeTemporaryAllocation(byteCount: Self.readBytes, alignment: 16) { buffer in
      guard let base = buffer.baseAddress else { return }
      for _ in 0..<Self.readsPerTurn {
        guard connection.isOpen, !isEnding else { return }
        switch connection.read(into: base, count: Self.readBytes) {
        case .bytes(let count):
          receive(UnsafeRawBufferPointer(start: base, count: count))
        case .wouldBlock: return
        case .closed, .failed: return connection.close()
        }
      }
      // Others wait too. Bytes inside TLS would not wake the descriptor, so this comes back by itself.
      let driver = LoopBound(self)
      connection.loop.execute { driver.value.inputReady() }
    }
  }

  private func receive(_ bytes: UnsafeRawBufferPointer) {
    session.clockAdvanced(toNanoseconds: connection.loop.nowNanoseconds)
    do throws(HTTP2Error) {
      try session.receive(bytes)
    } catch {
      connection.server.statistics.requestsMalformed += 1
      if session.glitchBudgetLeft < 0 { connection.countEnded() }
      end()
    }
  }

  /// Sends what is left (a GOAWAY, usually) and closes.
  private func end() {
    isEnding = true
    connection.setDeadline(afterMilliseconds: limits.lingerMilliseconds)
    connection.markDirty()
  }

  func flush() {
    defer { if connection.isOpen { outputMoved() } }
    while connection.isOpen {
      do throws(HTTP2Error) {
        try session.produce(upTo: connection.server.isMemoryShort ? Self.outputBytesPerTurn / 4 : Self.outputBytesPerTurn)
      } catch {
        return connection.close()
      }
      guard !session.outbound.isEmpty else { break }
      switch connection.write(&session.outbound) {
      case .drained: continue
      case .blocked:
        connection.setDeadline(afterMilliseconds: limits.stallMilliseconds)
        return
      case .failed: return connection.close()
      }
    }
    if isEnding { return connection.close() }
    if session.isFinished {
      isEnding = true
      return connection.linger()
    }
    session.outbound.clear(keepingAtMost: 16 * 1024)
    watchIdleness()
  }

  /// A frame that is no request does not make an idle connection less so.
  private func watchIdleness() {
    guard session.openStreams == 0 else {
      idleSinceNanoseconds = nil
      return connection.setDeadline(afterMilliseconds: nil)
    }
    let since = idleSinceNanoseconds ?? connection.loop.nowNanoseconds
    idleSinceNanoseconds = since
    connection.setDeadline(afterMilliseconds: limits.idleMilliseconds, since: since)
  }

  func deadlineReached() {
    guard !isEnding, session.outbound.isEmpty else { return connection.close() }
    session.terminate(.noError)
    end()
  }

  func beginGracefulShutdown() {
    session.announceShutdown()
    _ = connection.loop.schedule(afterMilliseconds: Self.shutdownNoticeMilliseconds) { [weak self] in
      guard let self, self.connection.isOpen else { return }
      self.session.refuseNewStreams()
    }
  }

  func connectionClosed() {
    isEnding = true
    deferred = []
    let session = LoopBound(session)
    // Never from inside the session's own calls.
    connection.loop.execute {
      session.value.close()
      session.value.driver = nil
    }
  }

  private final class ServerSession: HTTP2Session {
    var driver: HTTP2Driver?

    override func makeStream() -> HTTP2Stream {
      guard let driver else { return HTTP2Stream() }
      return HTTP2ServerStream(driver, driver.connection, driver.limits)
    }

    override func outputPending() {
      driver?.connection.markDirty()
    }
  }
}

/// Carries a loop-bound object through a closure that runs on the same loop.
final class LoopBound<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}

import EventLoops
import HTTP2

extension ServerConnection {
  /// Once a second: ends what a client has begun and does not go on with.
  func sweep(_ now: UInt64) {
    guard !isClosed else { return }
    let configuration = server.configuration
    if session.isInsideControlFrame {
      let waited = frameMark.waited(moved: Int(truncatingIfNeeded: session.framesReceived), bytesMin: 1, now: now)
      guard waited < configuration.frameMilliseconds * 1_000_000 else {
        return end("the client began a frame \(configuration.frameMilliseconds / 1000) s ago and has not ended it")
      }
    } else {
      frameMark.clear()
    }
    if isHoarding(now) {
      return end("the client held \(session.bufferedBytes) bytes for \(configuration.stallMilliseconds / 1000) s while memory was short")
    }
    // Not its fault while it is not read from; what it sent meanwhile is read before it is judged.
    if !isInputPaused, !wasPaused { endStalledCalls(now) }
    wasPaused = isInputPaused
    endStalledOutput(now)
  }

  /// Large answers stay until their last byte is written, which may be after their calls have ended.
  private func endStalledOutput(_ now: UInt64) {
    guard !isClosed, session.hasLentOutbound else { return outputMark.clear() }
    let waited = outputMark.waited(moved: session.writtenBytes, bytesMin: server.configuration.stallBytesMin, now: now)
    guard waited >= stallNanoseconds else { return }
    end("the client has not taken \(server.configuration.stallBytesMin) bytes of what was sent in \(server.configuration.stallMilliseconds / 1000) s")
  }

  /// How long a client may keep us waiting.
  private var stallNanoseconds: UInt64 { server.configuration.stallMilliseconds * 1_000_000 / (server.watch.isMemoryShort ? 4 : 1) }

  /// While memory is short a connection that holds more than its share is read from in its turn only (`ServerWatch`). The turns of one that
  /// makes nothing of them come to an end.
  private func isHoarding(_ now: UInt64) -> Bool {
    guard server.watch.isMemoryShort, session.bufferedBytes > server.watch.shareBytes else {
      hoardMark.clear()
      return false
    }
    let configuration = server.configuration
    let waited = hoardMark.waited(moved: session.takenBytes, bytesMin: configuration.stallBytesMin, now: now)
    return waited >= configuration.stallMilliseconds * 1_000_000
  }

  /// Calls whose client neither sends the rest of a message nor takes what is sent are given up; and the connection is, where every call waits for
  /// the client and altogether nothing moves.
  ///
  /// Not only where each of them has waited so long: calls that begin later than others, because they had to wait for memory or because the
  /// client spreads them, also begin to wait later.
  private func endStalledCalls(_ now: UInt64) {
    let configuration = server.configuration
    let patience = stallNanoseconds
    var stalled: [ServerCall] = []
    var waiting = waitingCalls
    session.forEachStream { stream in
      guard let call = stream as? ServerCall else { return }
      if call.waitsToBeGone {
        waiting += 1
      } else if let waited = call.stalledNanoseconds(now, bytesMin: configuration.stallBytesMin) {
        waiting += 1
        if waited >= patience { stalled.append(call) }
      }
    }
    var waited: UInt64 = 0
    if waiting > 0, waiting >= session.openStreams {
      waited = waitMark.waited(moved: movedBytes, bytesMin: configuration.stallBytesMin, now: now)
    } else {
      waitMark.clear()
    }
    for call in stalled {
      session.chargeStalledStream()
      call.giveUp()
    }
    guard waited >= patience || session.glitchBudgetLeft < 0 else { return }
    end("\(waiting) calls waited for the client, \(stalled.count) of them for \(patience / 1_000_000_000) s")
  }

  /// Of messages, in both directions, on all calls so far. An answer that the client has taken whole counts as enough, however small.
  private var movedBytes: Int {
    session.bufferedBytes &+ session.takenBytes &+ session.sentDataBytes &+ session.answeredStreams &* server.configuration.stallBytesMin
  }

  /// GOAWAY, and the connection is closed.
  func end(_ reason: String) {
    guard !isClosed else { return }
    if session.glitchBudgetLeft >= 0 { server.connectionEnded(self) }
    session.terminate(.enhanceYourCalm)
    fail(reason)
  }
}

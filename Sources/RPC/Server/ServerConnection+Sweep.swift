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
    // Not its fault while it is not read from.
    if !isInputPaused { endStalledCalls(now) }
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

  /// Calls whose client neither sends the rest of a message nor takes what is sent are given up, and where all are, so is the connection.
  private func endStalledCalls(_ now: UInt64) {
    let configuration = server.configuration
    let patience = stallNanoseconds
    var stalled: [ServerCall] = []
    session.forEachStream { stream in
      guard let call = stream as? ServerCall, call.stalledNanoseconds(now, bytesMin: configuration.stallBytesMin) >= patience else { return }
      stalled.append(call)
    }
    guard !stalled.isEmpty else { return }
    for call in stalled {
      session.chargeStalledStream()
      call.giveUp()
    }
    if stalled.count + waitingCalls >= session.openStreams || session.glitchBudgetLeft < 0 {
      end("\(stalled.count) calls waited for the client for \(configuration.stallMilliseconds / 1000) s")
    }
  }

  /// GOAWAY, and the connection is closed.
  func end(_ reason: String) {
    guard !isClosed else { return }
    if session.glitchBudgetLeft >= 0 { server.connectionEnded(self) }
    session.terminate(.enhanceYourCalm)
    fail(reason)
  }
}

import EventLoops

/// Looks after a server's connections: once a second at those that keep it waiting, and more often while memory is short.
///
/// Memory is short when the messages that all connections hold (received and not taken, or not sent yet) exceed `heldBytesMax`. Until they fall
/// below half of that, a connection that holds much starts no new calls, and is not read from. One at a time still is, the
/// largest first, since only more input can complete its messages: if that leads to nothing in half a second, it is closed.
/// Connections that hold little notice nothing.
final class ServerWatch {
  private unowned let server: RPCServer
  private var timer: LoopTimer?
  private var pressureTimer: LoopTimer?
  private var favourite: ServerConnection?
  private var favouriteTakenBytes = 0
  private var favouriteStrikes = 0
  /// So that the same one is not chosen again and again.
  private var turnsWithoutEnd = 0
  /// Bytes of messages that all connections hold.
  private(set) var heldBytes = 0
  private(set) var isMemoryShort = false

  private static let sweepMilliseconds: UInt64 = 1_000
  private static let pressureMilliseconds: UInt64 = 250
  /// Ticks without a completed message.
  private static let strikesMax = 2
  /// A connection that holds no more than this notices nothing.
  static let shareBytesMin = 16 << 10
  private static let shareBytesMax = 256 << 10
  private static let deferredCallsMax = 2_048

  init(_ server: RPCServer) { self.server = server }

  /// What a connection may hold of each kind, received and to be sent, while memory is short: the less, the more connections there are.
  var shareBytes: Int {
    min((server.configuration.heldBytesMax / 2).evenShare(among: server.openConnections, least: Self.shareBytesMin), Self.shareBytesMax)
  }

  /// Calls of a connection that may wait while memory is short. Each takes about 5 KiB, with its headers.
  var shareOfDeferredCalls: Int { Self.deferredCallsMax.evenShare(among: server.openConnections, least: 4) }

  func connectionOpened() {
    if timer == nil { schedule() }
  }

  func connectionClosed(_ connection: ServerConnection) {
    if favourite === connection { favourite = nil }
  }

  func stop() {
    timer?.cancel()
    pressureTimer?.cancel()
    timer = nil
    pressureTimer = nil
  }

  private func schedule() {
    timer = server.loop.schedule(afterMilliseconds: Self.sweepMilliseconds) { [weak self] in
      guard let self else { return }
      timer = nil
      let now = server.loop.nowNanoseconds
      for connection in server.allConnections { connection.sweep(now) }
      if server.openConnections > 0 { schedule() }
    }
  }

  // MARK: Memory

  /// Tells whether the connection may go on reading.
  func held(_ connection: ServerConnection, changedBy delta: Int) {
    heldBytes += delta
    if !isMemoryShort, heldBytes > server.configuration.heldBytesMax {
      isMemoryShort = true
      server.memoryShortages += 1
      schedulePressure()
    }
    if isMemoryShort, connection.session.bufferedBytes > shareBytes, connection !== favourite { connection.isInputPaused = true }
  }

  private func schedulePressure() {
    pressureTimer = server.loop.schedule(afterMilliseconds: Self.pressureMilliseconds) { [weak self] in self?.relieve() }
  }

  private func relieve() {
    pressureTimer = nil
    guard heldBytes > server.configuration.heldBytesMax / 2 else {
      isMemoryShort = false
      favourite = nil
      for connection in server.allConnections {
        connection.isInputPaused = false
        connection.startDeferredCalls()
      }
      return
    }
    judgeFavourite()
    if favourite == nil, let next = nextFavourite() {
      favourite = next
      favouriteTakenBytes = next.session.takenBytes
      favouriteStrikes = 0
      next.isInputPaused = false
    }
    schedulePressure()
  }

  /// The largest of those that are held back; where that led to nothing, the others after it.
  private func nextFavourite() -> ServerConnection? {
    let waiting = server.allConnections.filter(\.isInputPaused).sorted { $0.session.bufferedBytes > $1.session.bufferedBytes }
    return waiting.isEmpty ? nil : waiting[turnsWithoutEnd % waiting.count]
  }

  private func judgeFavourite() {
    guard let current = favourite else { return }
    let shareBytes = shareBytes
    if current.session.bufferedBytes <= shareBytes {
      favourite = nil
    } else if current.session.takenBytes &- favouriteTakenBytes >= shareBytes {
      favouriteTakenBytes = current.session.takenBytes
      favouriteStrikes = 0
    } else {
      favouriteStrikes += 1
      guard favouriteStrikes >= Self.strikesMax else { return }
      favourite = nil
      // Whole messages wait for their handlers: that is not the client's fault, and the next one gets its turn.
      guard current.unfinishedBytes > shareBytes else {
        current.isInputPaused = true
        turnsWithoutEnd += 1
        return
      }
      current.end("the client held \(current.session.bufferedBytes) bytes of unfinished messages while memory was short")
    }
  }
}

import Bytes
import EventLoops
import TLS

/// What speaks one version of HTTP over a connection.
protocol ConnectionDriver: AnyObject {
  /// No request is under way, and no answer: closing loses nothing.
  var isQuiet: Bool { get }
  /// The descriptor is readable: read until there is no more, or stop asking with `wantsInput`.
  func inputReady()
  /// Write what waits. Called at the end of an iteration and when the descriptor is writable again.
  func flush()
  func deadlineReached()
  /// Once a second: end what the client has begun and does not go on with.
  func sweep(_ now: UInt64)
  /// Finish what runs, then close.
  func beginGracefulShutdown()
  /// The connection is closed: tell everyone who waits.
  func connectionClosed()
}

/// One accepted connection: its descriptor, its one deadline, and the choice between HTTP/1.1 and HTTP/2. Loop thread only.
final class HTTPConnection: Pollable {
  enum WriteResult {
    case drained
    case blocked
    case failed
  }

  let server: HTTPServer
  let peer: SocketAddress
  private var transport: Transport?
  private var driver: (any ConnectionDriver)?
  private var sniffed = ByteBuffer()
  private var isOutputBlocked = false
  /// Set when all is said, and the client may still be taking it.
  private var lingering: LingeringClose?
  private var deadlineNanoseconds: UInt64?
  private var deadlineSetNanoseconds: UInt64 = 0
  private var timer: LoopTimer?
  /// Until it fires a client that was struck off before is not read from.
  private var pauseTimer: LoopTimer?
  /// When `timer` fires; the end of time where there is none.
  private var timerNanoseconds = UInt64.max
  let isSecure: Bool

  private static let discardBytes = 64 * 1024
  private static let discardsPerTurn = 16
  /// RFC 9113 section 3.4.
  private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  init(server: HTTPServer, transport: consuming Transport, peer: SocketAddress) {
    self.server = server
    self.peer = peer
    isSecure = transport.isTLS
    let descriptor = transport.descriptor
    self.transport = consume transport
    super.init(loop: server.loop, descriptor: descriptor)
  }

  /// The driver waits for input. While false the peer is held back by TCP.
  var wantsInput = true {
    didSet { updateInterest() }
  }

  func start() {
    setDeadline(afterMilliseconds: server.limits.headMilliseconds)
    let pause = server.pauseMilliseconds(peer)
    guard pause > 0 else { return begin() }
    pauseTimer = loop.schedule(afterMilliseconds: pause) { [weak self] in self?.begin() }
  }

  private func begin() {
    guard isOpen else { return }
    updateInterest()
    sniff()
  }

  var isOpen: Bool { transport != nil }

  /// Bytes written so far.
  private(set) var sentBytes = 0
  /// The client let a request body wait for too long.
  var hasStalled = false

  func sweep(_ now: UInt64) { driver?.sweep(now) }

  /// Ends the connection for what its client did, or did not do.
  func countEnded() { server.connectionEnded(self) }

  /// For the server's account of what waits to be sent. The driver says how much that is, whenever it may have changed.
  var heldBytes = 0 {
    didSet { server.statistics.heldBytes += heldBytes - oldValue }
  }

  /// Since when it has waited for a request, or for the rest of its head, or all was said; nil while a request is under way. (Every wait has a
  /// deadline, set when it begins.)
  var quietSinceNanoseconds: UInt64? { lingering != nil || driver?.isQuiet ?? true ? deadlineSetNanoseconds : nil }

  // MARK: Events

  override func onReady(readable: Bool, writable: Bool) {
    guard isOpen else { return }
    guard lingering == nil else { return discardInput() }
    // A TLS read may have waited for the descriptor to become writable.
    let inputMayWait = readable || isSecure
    if writable {
      isOutputBlocked = false
      if let driver { driver.flush() }
      updateInterest()
    }
    guard inputMayWait, isOpen else { return }
    if let driver { driver.inputReady() } else { sniff() }
  }

  override func flush() {
    guard isOpen, !isOutputBlocked, lingering == nil else { return }
    driver?.flush()
  }

  func beginGracefulShutdown() {
    guard let driver else {
      // Just accepted: the client may have sent its request, which is served if it comes soon.
      return setDeadline(afterMilliseconds: min(server.limits.headMilliseconds, server.limits.lingerMilliseconds))
    }
    driver.beginGracefulShutdown()
  }

  private func updateInterest() {
    guard let wantsWrite = transport?.wantsWrite else { return }
    setInterest(read: wantsInput || lingering != nil, write: isOutputBlocked || wantsWrite)
  }

  // MARK: Input and output for the driver

  func read(into target: UnsafeMutableRawPointer, count: Int) -> IOResult {
    guard let result = transport?.read(into: target, count: count) else { return .closed }
    if case .bytes(let received) = result { server.statistics.bytesReceived += UInt64(received) }
    if isSecure { updateInterest() }
    return result
  }

  /// Writes from the front of `buffer` until it is empty or the peer is slow; then `flush` comes again.
  func write(_ buffer: inout ByteBuffer) -> WriteResult {
    while !buffer.isEmpty {
      let result = buffer.withUnsafeBytes { bytes -> IOResult in
        guard let base = bytes.baseAddress else { return .bytes(0) }
        return transport?.write(from: base, count: bytes.count) ?? .closed
      }
      switch result {
      case .bytes(let count):
        server.statistics.bytesSent += UInt64(count)
        sentBytes &+= count
        buffer.discardFirst(count)
      case .wouldBlock:
        isOutputBlocked = true
        updateInterest()
        return .blocked
      case .closed, .failed:
        return .failed
      }
    }
    return .drained
  }

  /// The last answer is with the kernel: closes when the client has taken it, or does not. The driver hears nothing more until then.
  func linger() {
    let milliseconds = server.limits.lingerMilliseconds
    guard isOpen, milliseconds > 0 else { return close() }
    setDeadline(afterMilliseconds: nil)
    lingering = LingeringClose(self, milliseconds: milliseconds, isTLS: isSecure) { [self] in close() }
    updateInterest()
    discardInput()
  }

  /// Not all of it in one turn. What then is left in OpenSSL's buffer, which no poll reports, nobody needs: the client's end is reported.
  private func discardInput() {
    withUnsafeTemporaryAllocation(byteCount: Self.discardBytes, alignment: 16) { buffer in
      guard let base = buffer.baseAddress else { return }
      for _ in 0..<Self.discardsPerTurn {
        switch read(into: base, count: buffer.count) {
        case .bytes: continue
        case .wouldBlock: return
        case .closed, .failed: return close()
        }
      }
    }
  }

  func close() {
    guard isOpen else { return }
    stopWatching()
    transport = nil
    timer?.cancel()
    timer = nil
    pauseTimer?.cancel()
    pauseTimer = nil
    lingering?.cancel()
    lingering = nil
    let driver = self.driver
    self.driver = nil
    driver?.connectionClosed()
    heldBytes = 0
    server.remove(self)
  }

  // MARK: Time

  /// Replaces the connection's one deadline; nil for none.
  /// - Parameter since: what it counts from (the loop's clock), if not from now.
  func setDeadline(afterMilliseconds milliseconds: UInt64?, since: UInt64? = nil) {
    guard isOpen else { return }
    let now = loop.nowNanoseconds
    deadlineSetNanoseconds = since ?? now
    guard let milliseconds else {
      deadlineNanoseconds = nil
      return
    }
    let end = max(deadlineSetNanoseconds + milliseconds * 1_000_000, now)
    deadlineNanoseconds = end
    // One timer serves all deadlines: when it fires too early it is set again. Requests in a row then cost no timer at all.
    if timerNanoseconds > end { armTimer((end - now) / 1_000_000 + 1) }
  }

  private func armTimer(_ milliseconds: UInt64) {
    timer?.cancel()
    timerNanoseconds = loop.nowNanoseconds + milliseconds * 1_000_000
    timer = loop.schedule(afterMilliseconds: milliseconds) { [weak self] in self?.timerFired() }
  }

  private func timerFired() {
    timer = nil
    timerNanoseconds = .max
    guard let deadlineNanoseconds, isOpen else { return }
    let now = loop.nowNanoseconds
    guard now >= deadlineNanoseconds else { return armTimer((deadlineNanoseconds - now) / 1_000_000 + 1) }
    self.deadlineNanoseconds = nil
    if let driver { driver.deadlineReached() } else { close() }
  }

  // MARK: Which version

  private func sniff() {
    while driver == nil {
      switch read(into: sniffed.reserve(4096), count: 4096) {
      case .bytes(let count):
        sniffed.commit(count)
        choose()
      case .wouldBlock:
        return
      case .closed, .failed:
        return close()
      }
    }
  }

  private func choose() {
    let isPreface = sniffed.withUnsafeBytes { bytes in
      zip(bytes, Self.preface).allSatisfy { $0 == $1 }
    }
    if isPreface && sniffed.count < Self.preface.count { return }
    var input = ByteBuffer()
    swap(&input, &sniffed)
    if isPreface || transport?.negotiatedProtocol == "h2" {
      do {
        let http2 = try HTTP2Driver(self)
        driver = http2
        http2.start(input)
        if server.isShuttingDown { http2.beginGracefulShutdown() }
      } catch {
        close()
      }
    } else {
      let http1 = HTTP1Driver(self, input: input)
      driver = http1
      http1.start()
    }
  }
}

import Bytes
import EventLoops
import HTTP1
import TLS

/// HTTP/1.1 over one connection: one exchange at a time, further requests wait in the input. Loop thread only.
final class HTTP1Driver: ConnectionDriver, ExchangeCarrier {
  enum Phase: Equatable {
    /// Waiting for, or in the middle of, a request's head.
    case head
    case exchange
    /// The handler is done; the rest of its request's body is thrown away, so many bytes at most.
    case draining(left: UInt64)
    /// No more requests: close once the output is written.
    case closing
    case closed
  }

  let connection: HTTPConnection
  let limits: HTTPServerLimits
  var parser: HTTP1RequestParser
  var input: ByteBuffer
  var output = ByteBuffer()
  var phase = Phase.head
  var exchange: HTTPExchange?
  private var response = HTTP1ResponseState()
  private var requests = 0
  private var headHasBegun = false
  private var isAdvancing = false
  private var isHeldByOutput = false
  /// The peer may still be sending what nobody will read.
  private var mustLinger = false
  private var clientClosedItsSide = false
  private var endsWhenHalfClosed = false
  private var stallMark = StallMark()

  private static let readBytes = 64 * 1024
  private static let readAheadBytesMax = 64 * 1024

  init(_ connection: HTTPConnection, input: consuming ByteBuffer) {
    self.connection = connection
    self.input = input
    limits = connection.server.limits
    parser = HTTP1RequestParser(limits: limits.http1)
  }

  var isQuiet: Bool { phase == .head && output.isEmpty }

  func start() {
    headHasBegun = true
    advance()
  }

  // MARK: Heads

  /// Parses heads and starts their exchanges until bytes, or room for output, are missing.
  private func advance() {
    guard !isAdvancing else { return }
    isAdvancing = true
    defer { isAdvancing = false }
    while phase == .head {
      guard output.count < outputBytesMax else {
        isHeldByOutput = true
        connection.wantsInput = false
        return
      }
      do throws(HTTP1Error) {
        switch try parser.next(&input) {
        case .needMore: guard readHeadBytes() else { return }
        case .head(let head): begin(head)
        case .body, .end: return connection.close()
        }
      } catch {
        refuse(error.status, error.reason)
      }
    }
  }

  private func readHeadBytes() -> Bool {
    switch connection.read(into: input.reserve(Self.readBytes), count: Self.readBytes) {
    case .bytes(let count):
      input.commit(count)
      if !headHasBegun {
        // The deadline counts from the first byte and does not move: a head sent byte by byte does not hold a connection.
        headHasBegun = true
        connection.setDeadline(afterMilliseconds: limits.headMilliseconds)
      }
      return true
    case .wouldBlock:
      if input.isEmpty { input.clear(keepingAtMost: 0) }
      connection.wantsInput = true
    case .closed where !output.isEmpty:
      // Half-closed: the client may well wait for its answer.
      closeWhenWritten()
    case .closed, .failed:
      connection.close()
    }
    return false
  }

  private func begin(_ head: HTTP1RequestHead) {
    requests += 1
    headHasBegun = false
    connection.setDeadline(afterMilliseconds: nil)
    let server = connection.server
    response = HTTP1ResponseState()
    response.version = head.version
    response.keepAlive = head.keepAlive && !server.discouragesReuse && requests < limits.requestsPerConnectionMax
    response.owesContinue = head.expectsContinue
    var announced: UInt64?
    switch head.framing {
    case .none:
      announced = 0
      // Takes the end of the message, so that the parser is ready for the next one.
      response.requestEnded = (try? parser.next(&input)) == .end(trailers: HTTPFields())
    case .length(let length): announced = length
    case .chunked: break
    }
    if let announced, announced > limits.bodyBytesMax {
      return refuse(413, HTTPBodyError.tooLarge(bytesMax: limits.bodyBytesMax).reason)
    }
    phase = .exchange
    connection.wantsInput = response.requestEnded
    server.begin(
      self, method: head.method, pathAndQuery: head.pathAndQuery, version: head.version == .http10 ? .http10 : .http11,
      connection: connection, authority: head.authority, fields: head.fields, announcedBytes: announced
    ) { exchange = $0 }
  }

  /// Answers a request that no handler sees, and closes.
  private func refuse(_ status: Int, _ reason: String) {
    connection.server.statistics.requestsMalformed += 1
    let problem = HTTPResponse.problem(status, reason)
    guard case .bytes(let body) = problem.body else { return connection.close() }
    connection.server.statistics.count(status: status)
    HTTP1ResponseWriter.writeHead(
      status: status, fields: problem.fields, framing: .length(UInt64(body.count)), keepAlive: false, into: &output)
    output.append(contentsOf: body)
    mustLinger = true
    closeWhenWritten()
  }

  // MARK: ConnectionDriver

  func inputReady() {
    switch phase {
    case .head: advance()
    case .exchange where !response.requestEnded:
      // Bytes are only read when the handler asks: until then the kernel's buffer fills and the peer waits.
      if let exchange, exchange.isBodyWanted { exchange.bodyArrived() } else { connection.wantsInput = false }
    case .exchange: readAhead()
    case .draining: drain()
    case .closing, .closed: connection.wantsInput = false
    }
  }

  /// While a handler runs: takes pipelined requests in, and notices a client that is gone.
  private func readAhead() {
    guard input.count < Self.readAheadBytesMax else {
      connection.wantsInput = false
      return
    }
    switch connection.read(into: input.reserve(4096), count: 4096) {
    case .bytes(let count): input.commit(count)
    case .wouldBlock: connection.wantsInput = true
    case .closed:
      // Half-closed: the client may well wait for its answer.
      if endsWhenHalfClosed { return connection.close() }
      clientClosedItsSide = true
      response.keepAlive = false
      connection.wantsInput = false
    case .failed: connection.close()
    }
  }

  /// What may wait to be sent before the next request waits.
  private var outputBytesMax: Int { connection.server.outputBytesMax }

  func sweep(_ now: UInt64) {
    guard !output.isEmpty else { return stallMark.clear() }
    guard stallMark.waited(moved: connection.sentBytes, bytesMin: limits.progressBytesMin, now: now) >= connection.server.outputPatienceNanoseconds
    else { return }
    connection.countEnded()
    connection.close()
  }

  func flush() {
    defer { if connection.isOpen { connection.heldBytes = output.count } }
    switch connection.write(&output) {
    case .failed: return connection.close()
    case .blocked: break
    case .drained:
      output.clear(keepingAtMost: 16 * 1024)
      if phase == .closing { return finishClosing() }
    }
    guard output.count <= outputBytesMax / 2 else { return }
    exchange?.roomAppeared()
    if isHeldByOutput {
      isHeldByOutput = false
      advance()
    }
  }

  func deadlineReached() {
    switch phase {
    case .head where !output.isEmpty:
      // The client still takes the answers before, and `sweep` judges how fast. Its next request may have been held up by them.
      return connection.setDeadline(afterMilliseconds: headHasBegun ? limits.headMilliseconds : limits.idleMilliseconds)
    case .closing where !output.isEmpty: return connection.setDeadline(afterMilliseconds: limits.stallMilliseconds)
    case .draining:
      mustLinger = true
      return closeWhenWritten()
    default: break
    }
    guard phase == .head, headHasBegun else { return connection.close() }
    refuse(408, "The header fields did not arrive within \(limits.headMilliseconds / 1000) s.")
  }

  func beginGracefulShutdown() {
    response.keepAlive = false
    // A request that has arrived is served: nobody could tell its client that it was not.
    if phase == .head { advance() }
    if phase == .head && parser.isBetweenMessages && input.isEmpty { closeWhenWritten() }
  }

  func connectionClosed() {
    phase = .closed
    exchange?.fail(.clientGone)
  }

  // MARK: After a response

  func exchangeEnded() {
    exchange = nil
    endsWhenHalfClosed = false
    connection.server.exchangeEnded()
    guard phase == .exchange else { return }
    guard response.isComplete else { return connection.close() }
    if response.requestEnded { return requestEnded() }
    guard response.keepAlive else {
      mustLinger = true
      return closeWhenWritten()
    }
    phase = .draining(left: limits.drainBytesMax)
    connection.setDeadline(afterMilliseconds: limits.headMilliseconds)
    drain()
  }

  private func drain() {
    while case .draining(let left) = phase {
      do throws(HTTP1Error) {
        switch try parser.next(&input) {
        case .needMore: guard readHeadBytes() else { return }
        case .body(let count):
          parser.consumeBody(&input, count)
          guard UInt64(count) < left else {
            mustLinger = true
            return closeWhenWritten()
          }
          phase = .draining(left: left - UInt64(count))
        case .end: requestEnded()
        case .head: return connection.close()
        }
      } catch {
        // The answer to this request is out: there is nothing more to say.
        mustLinger = true
        closeWhenWritten()
      }
    }
  }

  private func requestEnded() {
    guard response.keepAlive else { return closeWhenWritten() }
    phase = .head
    headHasBegun = !input.isEmpty
    connection.setDeadline(afterMilliseconds: headHasBegun ? limits.headMilliseconds : limits.idleMilliseconds)
    advance()
  }

  private func closeWhenWritten() {
    phase = .closing
    connection.wantsInput = false
    connection.setDeadline(afterMilliseconds: limits.stallMilliseconds)
    connection.markDirty()
  }

  private func finishClosing() {
    guard mustLinger || !input.isEmpty else { return connection.close() }
    input.clear(keepingAtMost: 0)
    connection.linger()
  }

  // MARK: ExchangeCarrier

  func takeBody(into target: UnsafeMutableRawBufferPointer) throws(HTTPBodyError) -> BodyStep {
    guard !response.requestEnded else { return .end }
    while true {
      switch try nextBodyEvent() {
      case .body(let available):
        let count = min(available, target.count)
        input.withUnsafeBytes { target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        parser.consumeBody(&input, count)
        return .bytes(count)
      case .end:
        response.requestEnded = true
        // From here on the descriptor tells whether the client is still there.
        connection.wantsInput = true
        return .end
      case .needMore:
        if response.owesContinue {
          response.owesContinue = false
          HTTP1ResponseWriter.writeContinue(into: &output)
          connection.markDirty()
        }
        guard let left = parser.bodyBytesLeft else {
          guard try readBodyBytes(input.reserve(Self.readBytes), Self.readBytes, { input.commit($0) }) else { return .wait }
          continue
        }
        // Straight from the socket to where the handler wants it: the usual case, and no copy.
        guard let base = target.baseAddress else { return .wait }
        let count = Int(min(left, UInt64(target.count)))
        var received = 0
        guard try readBodyBytes(base, count, { received = $0 }) else { return .wait }
        parser.consumedBody(received)
        return .bytes(received)
      case .head:
        throw .clientGone
      }
    }
  }

  private func nextBodyEvent() throws(HTTPBodyError) -> HTTP1RequestParser.Event {
    do throws(HTTP1Error) {
      return try parser.next(&input)
    } catch {
      response.keepAlive = false
      throw .malformed(error)
    }
  }

  private func readBodyBytes(_ target: UnsafeMutableRawPointer, _ count: Int, _ took: (Int) -> Void) throws(HTTPBodyError) -> Bool {
    switch connection.read(into: target, count: count) {
    case .bytes(let received):
      took(received)
      return true
    case .wouldBlock: return false
    case .closed, .failed:
      connection.close()
      throw .clientGone
    }
  }

  func bodyWaitBegan() { connection.wantsInput = true }

  func sendHead(status: Int, fields: HTTPFields, length: UInt64?, hasBody: Bool) {
    guard connection.isOpen else { return }
    let bodyLeftMax = parser.bodyBytesLeft ?? 0
    if !response.requestEnded && (response.owesContinue || bodyLeftMax > limits.drainBytesMax || exchange?.failure != nil) {
      response.keepAlive = false
    }
    if connection.server.discouragesReuse { response.keepAlive = false }
    let framing = response.framing(length: length, hasBody: hasBody)
    if fields.lists("close", in: "connection") || framing == .untilClose { response.keepAlive = false }
    HTTP1ResponseWriter.writeHead(
      status: status, fields: fields, framing: framing, keepAlive: response.keepAlive, version: response.version, into: &output)
    connection.markDirty()
  }

  func sendBody(_ bytes: UnsafeRawBufferPointer) {
    guard connection.isOpen else { return }
    if response.isChunked { HTTP1ResponseWriter.writeChunk(bytes, into: &output) } else { output.append(bytes) }
    // At once, not when it is written: the answers of many connections may be made in one iteration.
    connection.heldBytes = output.count
    connection.markDirty()
  }

  func sendEnd() {
    guard connection.isOpen else { return }
    if response.isChunked { HTTP1ResponseWriter.writeChunkedEnd(into: &output) }
    response.isComplete = true
    connection.markDirty()
  }

  var hasRoom: Bool { output.count < outputBytesMax }

  var waitingOutputBytes: Int { output.count }

  func endWhenHalfClosed() {
    endsWhenHalfClosed = true
    // Never from inside the exchange's own call.
    guard clientClosedItsSide else { return }
    let connection = LoopBound(connection)
    connection.value.loop.execute { connection.value.close() }
  }

  func roomWaitBegan() { connection.markDirty() }

  func abort() { response.isComplete = false }
}

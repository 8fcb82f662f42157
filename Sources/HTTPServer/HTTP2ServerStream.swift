import Bytes
import EventLoops
import HTTP1
import HTTP2

/// One request and its response on an HTTP/2 connection. Loop thread only.
final class HTTP2ServerStream: HTTP2Stream, ExchangeCarrier {
  private weak var driver: HTTP2Driver?
  private let connection: HTTPConnection
  private let limits: HTTPServerLimits
  private var exchange: HTTPExchange?
  private var owesContinue = false
  private var responseEnded = false
  /// The handler is done: what still arrives is thrown away, so many bytes at most.
  private var discardLeft: UInt64?
  private var isDeferred = false
  private var resetTimer: LoopTimer?
  private var stallMark = StallMark()
  private var hasBegun = false
  private var hasTimedOut = false
  /// What its header fields take, here and in the request.
  private var headerBytes = 0

  private static let continueFields = LoopBound(HTTP2Fields(permanent: [(":status", "100")]))
  /// For a client to end a request whose answer it has.
  private static let resetMilliseconds: UInt64 = 5_000

  init(_ driver: HTTP2Driver, _ connection: HTTPConnection, _ limits: HTTPServerLimits) {
    self.driver = driver
    self.connection = connection
    self.limits = limits
  }

  override func handle(_ events: HTTP2StreamEvents) {
    if events.contains(.closed) {
      if isDeferred { driver?.forget(deferred: self) }
      isDeferred = false
      driver?.streamClosed(headerBytes: headerBytes, hadBegun: hasBegun)
      // It has what it asked for: what stalled before is forgiven.
      if responseEnded, !hasTimedOut, closeCode == .noError { connection.hasStalled = false }
      // Left to run out, the timers of a flood would be what fills memory.
      resetTimer?.cancel()
      resetTimer = nil
      exchange?.fail(.clientGone)
      return
    }
    if events.contains(.headers) {
      let bytes = 2 * headers.listByteCount
      guard driver?.admits(headerBytes: bytes) ?? true else {
        dropHeaders()
        return reset(.refusedStream)
      }
      headerBytes = bytes
      driver?.streamOpened(headerBytes: bytes)
      if driver?.hasRoomForAnswers ?? true {
        begin()
      } else {
        isDeferred = true
        driver?.deferRequest(self)
      }
    }
    if events.contains(.data) || events.contains(.end) {
      if discardLeft == nil { exchange?.bodyArrived() } else { discard() }
    }
    if events.contains(.writable) { exchange?.roomAppeared() }
  }

  /// There is room for more answers again.
  func beginDeferred() {
    guard isDeferred, isOpen else { return }
    isDeferred = false
    begin()
    if !input.isEmpty || inputEnded, discardLeft != nil { discard() }
  }

  /// How long the client has taken too little of what waits for it.
  func stalledNanoseconds(_ now: UInt64) -> UInt64 {
    guard outputBytes > 0 else {
      stallMark.clear()
      return 0
    }
    return stallMark.waited(moved: sentBytes, bytesMin: limits.progressBytesMin, now: now)
  }

  /// Ends the stream without a word: the client takes none.
  func giveUp() {
    dropOutput(keepingAtMost: 0)
    reset(.enhanceYourCalm)
  }

  private func begin() {
    hasBegun = true
    driver?.streamBegan()
    let server = connection.server
    guard !headers.isTruncated, headers.count <= limits.http1.fieldCountMax else {
      return refuse(431, "The header fields are longer than \(limits.headerListBytesMax) bytes, or more than \(limits.http1.fieldCountMax).")
    }
    guard let method = headers[":method"], let path = headers[":path"], path.utf8.first == 0x2F || (path == "*" && method == "OPTIONS") else {
      return refuse(400, "The request target is not a path.")
    }
    guard path.utf8.count <= limits.http1.requestLineBytesMax else {
      return refuse(414, "The request target is longer than \(limits.http1.requestLineBytesMax) bytes.")
    }
    var fields = HTTPFields()
    fields.reserveCapacity(headers.count)
    for index in 0..<headers.count {
      let name = headers.name(index)
      if name.utf8.first != 0x3A { fields.add(name, headers.value(index)) }
    }
    // nghttp2 has checked it against the DATA frames; only its size is left to judge.
    let announced = inputEnded && input.isEmpty ? 0 : fields["content-length"].flatMap { UInt64($0) }
    if let announced, announced > limits.bodyBytesMax {
      return refuse(413, HTTPBodyError.tooLarge(bytesMax: limits.bodyBytesMax).reason)
    }
    owesContinue = fields["expect"]?.lowercased() == "100-continue"
    server.begin(
      self, method: method, pathAndQuery: path, version: .http2, connection: connection, authority: headers[":authority"] ?? fields["host"] ?? "",
      fields: fields, announcedBytes: announced
    ) { exchange = $0 }
  }

  /// Answers a request that no handler sees.
  private func refuse(_ status: Int, _ reason: String) {
    connection.server.statistics.requestsMalformed += 1
    connection.server.statistics.count(status: status)
    let problem = HTTPResponse.problem(status, reason)
    guard case .bytes(let body) = problem.body else { return }
    sendHead(status: status, fields: problem.fields, length: UInt64(body.count), hasBody: true)
    body.withUnsafeBytes { sendBody($0) }
    sendEnd()
    settle()
  }

  // MARK: ExchangeCarrier

  func takeBody(into target: UnsafeMutableRawBufferPointer) throws(HTTPBodyError) -> BodyStep {
    guard input.isEmpty else {
      let count = min(input.count, target.count)
      input.withUnsafeBytes { target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      discardInput(count)
      grant(count)
      return .bytes(count)
    }
    if inputEnded { return .end }
    guard isOpen else { throw .clientGone }
    return .wait
  }

  func bodyWaitBegan() {
    guard owesContinue else { return }
    owesContinue = false
    sendInformational(Self.continueFields.value)
  }

  func sendHead(status: Int, fields: HTTPFields, length: UInt64?, hasBody: Bool) {
    guard isOpen else { return }
    let head = HTTP2Fields()
    head.add(":status", String(status))
    for field in fields.all where !Self.connectionFields.contains(field.name) {
      head.add(field.name, Self.safe(field.value))
    }
    if let length { head.add("content-length", String(length)) }
    respond(head, endStream: !hasBody)
  }

  func sendBody(_ bytes: UnsafeRawBufferPointer) {
    guard isOpen else { return }
    output.append(bytes)
    outputChanged()
    driver?.countHeldBytes()
  }

  func sendEnd() {
    responseEnded = true
    finish()
  }

  var hasRoom: Bool { !isOpen || output.count < connection.server.outputBytesMax }

  var waitingOutputBytes: Int { isOpen ? output.count : 0 }

  /// A stream's request ends long before its client goes; that the client is gone is seen by the reset or the connection's end.
  func endWhenHalfClosed() {}

  func roomWaitBegan() { notifyWhenWritable() }

  func abort() { reset(.internalError) }

  func exchangeEnded() {
    if case .timedOut = exchange?.failure {
      connection.hasStalled = true
      hasTimedOut = true
    }
    exchange = nil
    connection.server.exchangeEnded()
    guard isOpen else { return }
    if responseEnded { settle() } else { reset(.internalError) }
  }

  // MARK: After the response

  /// Waits for the stream to end on both sides, within bounds. (A client that does not take its answer: `stalledNanoseconds`.)
  private func settle() {
    guard !inputEnded else { return }
    discardLeft = limits.drainBytesMax
    discard()
    scheduleReset()
  }

  /// RFC 9113 section 8.1: once the answer is sent, the rest of the request is not wanted.
  private func scheduleReset() {
    resetTimer = connection.loop.schedule(afterMilliseconds: Self.resetMilliseconds) { [weak self] in
      guard let self, self.isOpen else { return }
      if self.outputBytes == 0 { self.reset(.noError) } else { self.scheduleReset() }
    }
  }

  private func discard() {
    guard var left = discardLeft, !input.isEmpty else { return }
    let count = input.count
    discardInput(count)
    left -= min(left, UInt64(count))
    discardLeft = left
    // Without a window the client stops by itself, until the reset.
    if left > 0 { grant(count) }
  }

  /// RFC 9113 section 8.2.2, and what `sendHead` writes itself.
  private static let connectionFields: Set<String> = [
    "connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade", "content-length",
  ]

  private static func safe(_ value: String) -> String {
    guard value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) else { return value }
    return String(decoding: value.utf8.map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }, as: UTF8.self)
  }
}

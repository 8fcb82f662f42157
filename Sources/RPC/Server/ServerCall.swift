import EventLoops
import HTTP2

/// One call at the server: from its headers to its status. Public only for code specialised across modules.
public final class ServerCall: RPCStream, @unchecked Sendable {
  // Strong: a handler may outlive its connection. The connection lets go of the call when its stream closes.
  var connection: ServerConnection? { didSet { link = connection.map { .passUnretained($0) } } }
  /// The same, not counted: for the many places that a call passes while it has a connection.
  private var link: Unmanaged<ServerConnection>?
  // The connection keeps it, by way of its server.
  private unowned(unsafe) var route: RPCRouter.Route?
  private var context: ServerContext?
  /// The context of the last call, for the next one.
  private var spareContext: ServerContext?
  /// Runs the handler.
  private var runner: HandlerTask?
  private var startedNanoseconds: UInt64 = 0
  /// `grpc-accept-encoding` names gzip.
  private var acceptsGzip = false
  private var isRunning = false
  private var isCounted = false
  private var isDeferred = false
  private var stallMark = StallMark()
  private var outputMark = StallMark()
  /// What the connection has counted for its header fields.
  private var headerBytes = 0
  /// The status is decided; the handler can change nothing any more.
  private var isFinished = false
  private var endedBy: RPCError?

  override func renew() {
    // First, since it shares the memory of the headers. One that a handler kept stays as it is.
    if isKnownUniquelyReferenced(&context) {
      context?.end()
      swap(&context, &spareContext)
    }
    context = nil
    super.renew()
    connection = nil
    route = nil
    runner = nil
    startedNanoseconds = 0
    acceptsGzip = false
    isRunning = false
    isDeferred = false
    isCounted = false
    isFinished = false
    endedBy = nil
    stallMark.clear()
    outputMark.clear()
  }

  // One that is kept for later has no connection and does not count.
  deinit { connection?.server.liveCallCount.wrappingSubtract(1, ordering: .relaxed) }

  public override var failure: RPCError? { endedBy }

  // MARK: Events

  public override func handle(_ events: HTTP2StreamEvents) {
    // Over before anybody saw it: nothing is begun for it.
    if events.contains(.closed), events.contains(.headers) || startedNanoseconds == 0 {
      isFinished = true
      return
    }
    if events.contains(.headers) { begin() }
    if events.contains(.data) && !isFinished { inputGrew() }
    if events.contains(.end) && !isFinished { inputDidEnd() }
    if events.contains(.writable) { wakeWriter() }
    if events.contains(.closed) { closed() }
  }

  private func begin() { link?._withUnsafeGuaranteedRef { begin($0) } }

  private func begin(_ connection: ServerConnection) {
    startedNanoseconds = connection.lastReadNanoseconds
    guard connection.admits(headerBytes: headers.listByteCount) else { return refuse() }
    headerBytes = headers.listByteCount
    connection.headerBytes += headerBytes
    switch connection.head(headers) {
    case .notGRPC(let status):
      let fields = HTTP2Fields()
      fields.add(":status", String(status))
      isFinished = true
      respond(fields, endStream: true)
    case .refused(let error):
      connection.server.statistics?.method(nil).attemptStarted()
      fail(error)
    case .accepted(let head):
      accept(head, connection)
    }
  }

  private func accept(_ head: RequestHead, _ connection: ServerConnection) {
    // Handlers outlive streams that were reset: their number is bounded too.
    guard connection.mayStartCall else { return refuse() }
    route = head.route
    inputIsGzip = head.inputIsGzip
    acceptsGzip = head.acceptsGzip
    let deadline = head.timeoutNanoseconds.map { startedNanoseconds + $0 }
    let context: ServerContext
    if let spareContext {
      context = spareContext
      self.spareContext = nil
      context.begin(connection.peerFacts, route: head.route, deadlineNanoseconds: deadline, headers: headers)
    } else {
      context = ServerContext(connection.peerFacts, route: head.route, deadlineNanoseconds: deadline, headers: headers)
    }
    context.compressesResponses = head.inputIsGzip
    self.context = context
    isCounted = true
    connection.callBegan(startedNanoseconds)
    if let statistics = connection.server.statistics {
      let counts = head.route.statistics ?? statistics.method(head.route.method)
      head.route.statistics = counts
      counts.attemptStarted()
    }
    if let deadline { setDeadline(nanoseconds: deadline) }
    if !head.route.method.type.hasSingleRequest { run() }
  }

  /// No handler has seen the call: its client may make it again anywhere.
  private func refuse() {
    if isCounted { settle(.unavailable, RPCError(.unavailable, "the server has no room for the call")) }
    isFinished = true
    dropHeaders()
    reset(.refusedStream)
  }

  override func deadlinePassed() { end(RPCError(.deadlineExceeded, "the deadline passed before the call was done")) }

  private func inputGrew() {
    do throws(RPCError) {
      try inputArrived()
      wakeReader()
    } catch { end(error) }
  }

  private func inputDidEnd() {
    guard let route else { return }
    guard route.method.type.hasSingleRequest else {
      wakeReader()
      return
    }
    do throws(RPCError) {
      // "Request cardinality violation" in gRPC's statuscodes.md.
      switch try inputMessageCount() {
      case 1: break
      case 0: throw RPCError(.unimplemented, "\(route.method.path) takes one request message and none was sent")
      default: throw RPCError(.unimplemented, "\(route.method.path) takes one request message and more were sent")
      }
    } catch {
      end(error)
      return
    }
    run()
  }

  // MARK: The handler

  private func run() {
    link?._withUnsafeGuaranteedRef { connection in
      // It counts from here on: what has arrived at once would else begin at once, however many handlers run.
      connection.callStarted()
      connection.server.handlers.start(self)
    }
  }

  /// Whether the handler may run now. Else the call is over, or waits until there is room for its answer.
  func mayBegin() -> Bool {
    link?._withUnsafeGuaranteedRef { connection in
      if !isFinished {
        if connection.hasRoomForAnswers { return true }
        if connection.mayDeferCall {
          isDeferred = true
          connection.deferCall(self)
        } else {
          refuse()
        }
      }
      connection.callEnded()
      return false
    } ?? false
  }

  /// The handler is about to run, in `runner`.
  /// - Returns: what it knows about the call.
  func begin(by runner: HandlerTask) -> ServerContext? {
    isRunning = true
    self.runner = runner
    return context
  }

  /// There is room for more answers again.
  func runDeferred() {
    guard isDeferred, !isFinished, isOpen else { return }
    isDeferred = false
    run()
  }

  /// Runs the handler, inside of the interceptors.
  @inline(__always) func invoke() async throws {
    guard let route else { return }
    if hasInterceptors { try await intercept(route) } else { try await route.invoke(self) }
  }

  private var hasInterceptors: Bool { link?._withUnsafeGuaranteedRef { !$0.server.router.interceptors.isEmpty } ?? false }

  private func intercept(_ route: RPCRouter.Route) async throws {
    guard let connection, let context else { return }
    try await invoke(route, context, connection.server.router.interceptors[...])
  }

  func handlerReturned() {
    isRunning = false
    runner = nil
    link?._withUnsafeGuaranteedRef { $0.callEnded() }
  }

  private func invoke(_ route: RPCRouter.Route, _ context: ServerContext, _ interceptors: ArraySlice<RPCServerInterceptor>) async throws {
    guard let first = interceptors.first else { return try await route.invoke(self) }
    try await first(context) { try await self.invoke(route, context, interceptors.dropFirst()) }
  }

  /// What the handler is told about the call.
  public func serverContext() throws(RPCError) -> ServerContext {
    guard let context else { throw RPCError(.internalError, "the call has no context") }
    return context
  }

  /// The one message of a call whose requests do not stream.
  public func takeSingleRequest<Message: RPCMessage>(_: Message.Type) throws(RPCError) -> Message {
    guard let message = try takeMessage(Message.self) else { throw RPCError(.internalError, "the request is incomplete") }
    if lastMessageWasCompressed { context?.requestWasCompressed = true }
    return message
  }

  public override var acceptsMessages: Bool { isOpen && !isFinished }

  public override func prepareToWrite() throws(RPCError) {
    if let endedBy { throw endedBy }
    guard !isFinished, isOpen else { throw RPCError(.cancelled, "the call is over") }
    if !hasResponded {
      chooseCompression()
      super.respond(responseFields())
    }
  }

  /// Once for each call, before its headers and first message.
  private func chooseCompression() { outputIsGzip = acceptsGzip && context?.compressesResponses ?? false }

  /// Sends the one answer of a call whose responses do not stream, and OK.
  public func respond<Message: RPCMessage>(with message: Message) throws(RPCError) {
    guard !isFinished else { return }
    chooseCompression()
    try appendMessage(message)
    if !hasResponded { super.respond(responseFields()) }
    succeed()
  }

  // MARK: The status

  /// Ends the call with OK after the messages that are queued.
  public func succeed() {
    guard !isFinished else { return }
    settle(.ok, nil)
    if !hasResponded { super.respond(responseFields()) }
    guard let trailers = context?.responseTrailers, !trailers.isEmpty else {
      finish(trailers: ResponseFields.okTrailers)
      return
    }
    let fields = HTTP2Fields()
    fields.add("grpc-status", "0")
    trailers.append(to: fields)
    finish(trailers: fields)
  }

  /// Ends the call with an error after the messages that are queued.
  func fail(_ error: RPCError) {
    guard !isFinished else { return }
    settle(error.code, error)
    if hasResponded {
      finish(trailers: ResponseFields.status(error, context: context))
    } else {
      dropOutput()
      super.respond(ResponseFields.trailersOnly(error, context: context), endStream: true)
    }
  }

  /// Ends the call from outside the handler: the deadline, a broken request. The handler is cancelled.
  func end(_ error: RPCError) {
    guard !isFinished else { return }
    endedBy = error
    fail(error)
    runner?.cancel()
    wakeAll()
  }

  private func responseFields() -> HTTP2Fields {
    if outputIsGzip { return ResponseFields.gzip(context?.responseMetadata) }
    guard let metadata = context?.responseMetadata, !metadata.isEmpty else { return ResponseFields.plain }
    return ResponseFields.with(metadata)
  }

  private func settle(_ code: StatusCode, _ error: RPCError?) {
    isFinished = true
    clearDeadline()
    let isObserved = link?._withUnsafeGuaranteedRef { connection in
      if isCounted { connection.callSettled(code) }
      return connection.server.isObserved
    }
    guard isObserved ?? false, let connection else { return }
    let server = connection.server
    let nanoseconds = loop.nowNanoseconds &- startedNanoseconds
    // A call that nobody serves is counted too, under no name of its own.
    let counts = isCounted ? route?.statistics : server.statistics?.method(nil)
    counts?.attemptEnded(code, nanoseconds: nanoseconds, sentBytes: sentMessageBytes, receivedBytes: receivedMessageBytes)
    server.onCallEnd?(ServerCallEnd(context: context, peer: connection.peer, error: error, code: code, durationNanoseconds: nanoseconds))
  }

  // MARK: Slow clients

  /// How long the client has kept this call waiting: for the rest of what it began to send, or for room to send it more.
  /// - Returns: nil where it does not.
  func stalledNanoseconds(_ now: UInt64, bytesMin: Int) -> UInt64? {
    if outputBytes > 0 {
      stallMark.clear()
      return outputMark.waited(moved: sentBytes, bytesMin: bytesMin, now: now)
    }
    outputMark.clear()
    let owesRequest = !isRunning && !isFinished && !isDeferred && route?.method.type.hasSingleRequest ?? false
    guard !inputEnded, owesRequest || (!input.isEmpty && hasPartialFront) else {
      stallMark.clear()
      return nil
    }
    return stallMark.waited(moved: input.count, bytesMin: bytesMin, now: now)
  }

  /// Over, but for a status or a reset that the client has not taken yet.
  var waitsToBeGone: Bool { isFinished && !isDeferred && outputBytes == 0 }

  /// Received bytes of a message that is not whole.
  var unfinishedBytes: Int { !input.isEmpty && hasPartialFront ? input.count : 0 }

  private var hasPartialFront: Bool {
    do throws(RPCError) { return try frontMessageBytes() == nil } catch { return true }
  }

  /// Ends the call without a word: the client takes none.
  func giveUp() {
    if !isFinished {
      endedBy = RPCError(.cancelled, "the client kept the call waiting for too long")
      settle(.cancelled, endedBy)
      runner?.cancel()
      wakeAll()
    }
    dropOutput(keepingAtMost: 0)
    reset(.enhanceYourCalm)
  }

  private func closed() {
    link?._withUnsafeGuaranteedRef { $0.headerBytes -= headerBytes }
    headerBytes = 0
    if isDeferred {
      isDeferred = false
      connection?.forget(deferred: self)
    }
    if !isFinished {
      endedBy = RPCError(.cancelled, "the client cancelled the call")
      settle(.cancelled, endedBy)
      runner?.cancel()
    }
    connection?.countMessages(of: self)
    wakeAll()
  }
}

import CLibpq
import EventLoops

/// What a connection tells its owner. Never called from inside libpq.
protocol PostgresConnectionOwner: AnyObject {
  /// A request is through; `connection` can take one more.
  func connectionFinishedRequest(_ connection: PostgresConnection)
  /// Statements that were not answered in their time have been failed.
  func connectionTimedOut(_ connection: PostgresConnection, count: Int)
  /// Whether the connection may be given new work has changed.
  func connectionPaused(_ connection: PostgresConnection, _ isPaused: Bool)
  /// Nothing comes after this. Requests still waiting have been failed.
  func connectionClosed(_ connection: PostgresConnection, reason: String)
}

/// One connection in libpq's pipeline mode, driven by the loop. Loop thread only.
///
/// Every statement is followed by a sync of its own, so that the failure of one leaves the others alone.
final class PostgresConnection: Pollable, @unchecked Sendable {
  let number: Int
  /// Until the connection is closed, which its owner does at the latest. (A weak reference would make every retain of the owner slower.)
  private var owner: (any PostgresConnectionOwner)?
  private var handle: OpaquePointer?
  private var requests = FIFOQueue<PostgresRequest>()
  private var statements: StatementCache
  private var connecting: LoopPromise<Void>?
  private var isInScript = false
  private var isReading = false
  private var isBroken = false
  private var ticket: CancelTicket?
  private let turn: CancelTurn
  /// The statement that is about to be cancelled on the server, if it does not end by itself.
  private var abandonedHead: PostgresRequest?
  /// Of the statement being sent.
  private var parameters = EncodedParameters()
  private(set) var lastReceivedNanoseconds: UInt64

  init(number: Int, loop: EventLoop, statementsMax: Int, turn: CancelTurn, owner: any PostgresConnectionOwner) {
    self.number = number
    self.turn = turn
    self.owner = owner
    statements = StatementCache(capacity: statementsMax)
    lastReceivedNanoseconds = loop.nowNanoseconds
    super.init(loop: loop, descriptor: -1)
  }

  deinit { precondition(handle == nil, "a connection is closed before it is freed") }

  var requestsInFlight: Int { requests.count }
  /// No transaction is open, as far as the server has said.
  var isOutsideTransaction: Bool { handle.map { PQtransactionStatus($0) == PQTRANS_IDLE } ?? true }

  // MARK: Opening

  /// Connects and enters pipeline mode. On failure the connection is closed without a word to its owner.
  func open(_ parameters: [(String, String)], timeoutMilliseconds: UInt64) async throws(PostgresError) {
    let keywords = CStringList(parameters.map { $0.0 })
    let values = CStringList(parameters.map { $0.1 })
    guard let handle = PQconnectStartParams(keywords.pointers, values.pointers, 0) else { throw .unavailable("out of memory") }
    self.handle = handle
    PQsetNoticeReceiver(handle, { _, _ in }, nil)
    let promise = LoopPromise<Void>(loop: loop)
    connecting = promise
    if PQstatus(handle) == CONNECTION_BAD { promise.fail(failure()) } else { awaitStep(PGRES_POLLING_WRITING) }
    do {
      try await promise.wait(timeoutMilliseconds: timeoutMilliseconds)
      connecting = nil
      guard PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1 else { throw failure() }
      lastReceivedNanoseconds = loop.nowNanoseconds
      setInterest(read: true, write: false)
    } catch {
      connecting = nil
      free()
      if let error = error as? PostgresError { throw error }
      throw .unavailable(error is CancellationError ? "the attempt was cancelled" : "no connection within \(timeoutMilliseconds) ms")
    }
  }

  /// The descriptor may change between steps, also to a new one with the same number: it is registered anew each time.
  private func connectStep() {
    guard let handle, let connecting else { return }
    stopWatching()
    switch PQconnectPoll(handle) {
    case PGRES_POLLING_OK: connecting.succeed(())
    case PGRES_POLLING_FAILED: connecting.fail(failure())
    case let next: awaitStep(next)
    }
  }

  private func awaitStep(_ step: PostgresPollingStatusType) {
    guard let handle else { return }
    descriptor = PQsocket(handle)
    setInterest(read: step == PGRES_POLLING_READING, write: step == PGRES_POLLING_WRITING)
  }

  // MARK: Requests

  /// Sends a statement; whoever waits for `request` hears of it. For a script the connection must have nothing else in flight.
  func send(_ request: PostgresRequest) {
    guard let handle else {
      request.fail(PostgresError.unavailable("the connection is closed"))
      return request.complete()
    }
    requests.append(request)
    // One that is sent again, because a cancellation hit it by mistake, has no more time than before.
    if !request.wasSent { request.deadlineNanoseconds = loop.nowNanoseconds + nanoseconds(request.timeoutMilliseconds) }
    let isSent = request.isScript ? sendScript(request, handle) : sendStatement(request, handle)
    if isSent { markDirty() } else { closeLater() }
  }

  private func sendStatement(_ request: PostgresRequest, _ handle: OpaquePointer) -> Bool {
    parameters.encode(request.parameters)
    let use = statements.use(request.sql)
    request.isPreparing = use.prepares
    let isSent =
      switch use {
      case .prepare(let name):
        name.withCString { PQsendPrepare(handle, $0, request.sql, 0, nil) } == 1 && sendPrepared(name, handle)
      case .prepared(let name):
        sendPrepared(name, handle)
      case .unprepared:
        sendUnprepared(request.sql, handle)
      }
    return isSent && PQpipelineSync(handle) == 1
  }

  @inline(__always)
  private func sendPrepared(_ name: StatementName, _ handle: OpaquePointer) -> Bool {
    let count = parameters.count
    return parameters.withPointers { values in name.withCString { PQsendQueryPrepared(handle, $0, count, values, nil, nil, 0) } } == 1
  }

  private func sendUnprepared(_ sql: String, _ handle: OpaquePointer) -> Bool {
    let count = parameters.count
    return parameters.withPointers { PQsendQueryParams(handle, sql, count, nil, $0, nil, nil, 0) } == 1
  }

  private func sendScript(_ request: PostgresRequest, _ handle: OpaquePointer) -> Bool {
    precondition(requests.count == 1, "a script has the connection for itself")
    isInScript = true
    return PQexitPipelineMode(handle) == 1 && PQsendQuery(handle, request.sql) == 1
  }

  // MARK: Time-outs and cancelled callers

  /// Ends the waits whose time is over or whose task was cancelled. If it is what the server works at, the server is asked to stop.
  func lookAtWaits(now: UInt64) {
    var count = 0
    var isSilent = false
    requests.forEach { request in
      guard !request.isFinished else { return }
      if request.isCancelled { return request.fail(CancellationError()) }
      guard request.deadlineNanoseconds <= now else { return }
      count += 1
      request.fail(PostgresError.timeout(milliseconds: request.timeoutMilliseconds))
      isSilent = isSilent || hasBeenSilent(for: request, now)
    }
    // Also where its caller has given up long ago: a server that is gone must not keep its connection.
    if let head = requests.first, head.deadlineNanoseconds <= now { isSilent = isSilent || hasBeenSilent(for: head, now) }
    if count > 0 { owner?.connectionTimedOut(self, count: count) }
    watchAbandonedHead()
    if isSilent { close(reason: "the server does not answer") }
  }

  /// Nothing at all came in all the time that the statement had, not even the server's own time-out.
  private func hasBeenSilent(for request: PostgresRequest, _ now: UInt64) -> Bool {
    now - min(lastReceivedNanoseconds, now) >= nanoseconds(request.timeoutMilliseconds)
  }

  // MARK: Readiness

  override func onReady(readable: Bool, writable: Bool) {
    if connecting != nil { return connectStep() }
    if writable { flush() }
    guard readable, let handle else { return }
    lastReceivedNanoseconds = loop.nowNanoseconds
    let isAlive = PQconsumeInput(handle) == 1
    readResults()
    if !isAlive || self.handle.map({ PQstatus($0) == CONNECTION_BAD }) ?? false { close(reason: message()) }
  }

  override func flush() {
    guard let handle, connecting == nil else { return }
    switch PQflush(handle) {
    case 0: setInterest(read: true, write: false)
    case 1: setInterest(read: true, write: true)
    default:
      // What the server said before it went away may still be there to read.
      _ = PQconsumeInput(handle)
      readResults()
      close(reason: message())
    }
  }

  private func readResults() {
    guard !isReading else { return }
    isReading = true
    defer { isReading = false }
    var nulls = 0
    // A null ends the results of one statement; two in a row: there is nothing more.
    while let handle, !isBroken, nulls < 2, PQisBusy(handle) == 0 {
      guard let raw = PQgetResult(handle) else {
        nulls += 1
        if isInScript { endScript(handle) }
        continue
      }
      nulls = 0
      take(raw)
      if self.handle == nil || PQstatus(handle) == CONNECTION_BAD { return }
    }
  }

  private func take(_ raw: OpaquePointer) {
    let status = PQresultStatus(raw)
    guard let request = requests.first else { return PQclear(raw) }
    switch status {
    case PGRES_PIPELINE_SYNC:
      PQclear(raw)
      finishFirst()
    case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
      request.result = PostgresResult(owning: raw)
    case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE:
      request.note(ServerMessage.error(raw))
      PQclear(raw)
    case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
      PQclear(raw)
      // libpq would give the same result for ever: the copy is never taken.
      request.fail(PostgresError.invalidParameter("COPY is not supported"))
      isBroken = true
      owner?.connectionPaused(self, true)
      closeLater()
    default:
      // Aborted by an error before it, or a notice.
      PQclear(raw)
    }
  }

  private func endScript(_ handle: OpaquePointer) {
    isInScript = false
    guard PQenterPipelineMode(handle) == 1 else { return closeLater() }
    finishFirst()
  }

  private func finishFirst() {
    guard let request = requests.popFirst() else { return }
    if let ticket, request.failure?.error.sqlState == "57014", !request.isFinished {
      if request.isPreparing, request.result == nil { statements.forget(request.sql) }
      request.forgetAnswer()
      if ticket.isSent { endCancelling() }
      return send(request)
    }
    // It named what one before it in the pipeline could not prepare: nothing has run. (A transaction has failed by it, whatever is sent.)
    if request.failure?.error.sqlState == "26000", !request.isFinished, !request.isRepeated {
      request.isRepeated = true
      statements.forget(request.sql)
      request.forgetAnswer()
      return send(request)
    }
    if let error = request.failure?.error {
      // The statement is not there, or what it returns has changed: prepared anew next time.
      if ["26000", "0A000", "42P05"].contains(error.sqlState) || request.isPreparing && request.result == nil { statements.forget(request.sql) }
      request.fail(error.sqlState.isEmpty ? PostgresError.unavailable(error.message) : PostgresError.server(error))
    } else {
      request.succeed()
    }
    if let ticket, ticket.isSent, ticket.victim === request { endCancelling() }
    // First, for the hook may make the pool send others.
    owner?.connectionFinishedRequest(self)
    request.complete()
    watchAbandonedHead()
  }

  // MARK: Cancelling

  /// A statement that nobody waits for is left a moment to end by itself: cancelling takes a connection and a blocking call.
  private func watchAbandonedHead() {
    guard let head = requests.first, head.isFinished, ticket == nil, head !== abandonedHead else { return }
    abandonedHead = head
    _ = loop.schedule(afterMilliseconds: 100) { [weak self] in
      guard let self, abandonedHead === head else { return }
      abandonedHead = nil
      if requests.first === head { cancelHead() }
    }
  }

  /// No other statement is sent until the cancellation has done its work. One that it hits by mistake, because the head ended just then,
  /// has changed nothing and is sent again.
  private func cancelHead() {
    guard ticket == nil else { return }
    // Others come first: it is tried again.
    guard turn.take() else { return watchAbandonedHead() }
    guard let handle, let cancel = PQgetCancel(handle) else { return turn.giveBack() }
    let ticket = CancelTicket(cancel)
    self.ticket = ticket
    owner?.connectionPaused(self, true)
    loop.spawn { [self] in
      _ = try? await loop.offload { ticket.send() }
      turn.giveBack()
      // The server has passed the signal on: it hits what runs now, or nothing.
      ticket.isSent = true
      ticket.victim = requests.first
      if ticket.victim == nil { endCancelling() }
    }
  }

  private func endCancelling() {
    guard ticket != nil else { return }
    ticket = nil
    owner?.connectionPaused(self, false)
  }

  // MARK: Closing

  /// Fails what waits and tells the owner. Fine twice.
  func close(reason: String) {
    guard handle != nil else { return }
    let owner = owner
    free()
    // First: what the requests' ends set free is not this connection.
    owner?.connectionClosed(self, reason: reason)
    for request in requests.drain() {
      let said = (request.failure?.error).map { $0.sqlState.isEmpty ? $0.message : $0.description }
      request.fail(PostgresError.unavailable(said ?? reason))
      request.complete()
    }
  }

  private func closeLater() {
    loop.execute { [self] in close(reason: message()) }
  }

  private func free() {
    stopWatching()
    if let handle { PQfinish(handle) }
    handle = nil
    owner = nil
  }

  private func failure() -> PostgresError { .unavailable(message()) }

  private func message() -> String {
    guard let handle, let text = PQerrorMessage(handle) else { return "the connection is closed" }
    let message = ServerMessage.oneLine(String(cString: text))
    return message.isEmpty ? "the server closed the connection" : message
  }
}

/// Decades count as for ever, so that no time-out can overflow.
func nanoseconds(_ milliseconds: UInt64) -> UInt64 { min(milliseconds, 1 << 40) * 1_000_000 }

import EventLoops
import HTTP2

/// One call at the client: from its headers to its status. Public only for code specialised across modules.
public final class ClientCall: RPCStream, @unchecked Sendable {
  enum State {
    case running
    /// Between two attempts.
    case retrying
    /// The status; nil for OK.
    case settled(RPCError?)
  }

  /// What is being counted; nil where nothing is.
  var attempt: CountedAttempt?
  private(set) var type = RPCType.unary
  private(set) var deadlineNanoseconds: UInt64?
  private(set) var connection: ClientConnection?
  var state = State.running
  var localFailure: RPCError?
  var receivedHeaders = false
  var wasReset = false
  var isTrailersOnly = false
  private var isCounted = false
  /// Where the messages of this attempt are counted: when it is over, since some are taken after its stream has closed.
  private var countingConnection: ClientConnection?
  /// There was an attempt on a connection.
  var wasOpened = false
  var receipt: CallReceipt?
  /// Set while the call can repeat itself.
  var replay: CallReplay?
  /// Who waits for the answer, in which task, and how often that was looked after.
  var answerWaiter: UnsafeContinuation<Void, Never>?
  var waitingTask: SuspendedTask?
  var waitLooks = 0
  /// How the last attempt failed, unless it was ended from this side.
  var failedAttempt: FailedAttempt?

  /// What it is for; once in each of its lives.
  func begin(_ type: RPCType, deadlineNanoseconds: UInt64?) {
    self.type = type
    self.deadlineNanoseconds = deadlineNanoseconds
  }

  override func renew() {
    super.renew()
    connection = nil
    state = .running
    if localFailure != nil { localFailure = nil }
    waitLooks = 0
    receivedHeaders = false
    wasReset = false
    isTrailersOnly = false
    wasOpened = false
    receipt = nil
    replay = nil
    if failedAttempt != nil { failedAttempt = nil }
    attempt = nil
    isCounted = false
    countingConnection = nil
  }

  override func refusal(_ error: RPCError) -> RPCError {
    guard error.code == .invalidArgument else { return error }
    return RPCError(.internalError, "the server's answer cannot be read: \(error.message)")
  }

  // MARK: Beginning

  /// - Parameter now: about when (CLOCK_MONOTONIC).
  func open(on connection: ClientConnection, _ fields: HTTP2Fields, now: UInt64) throws(RPCError) {
    // A repeated attempt may have found its connection just when its caller gave up.
    guard !isSettled else { throw RPCError(.cancelled, "the call was cancelled") }
    self.connection = connection
    countingConnection = connection
    if let receipt {
      receipt.clear()
      receipt.peer = connection.address
      receipt.attempts += 1
    }
    do throws(HTTP2Error) {
      try connection.session.open(self, fields, hasBody: true)
      state = .running
      wasOpened = true
      isCounted = true
      connection.calls.started(now)
      connection.counters.started(now)
      connection.opened(stream: id)
    } catch {
      throw RPCError(.unavailable, "the connection takes no calls: \(error)")
    }
    if let deadlineNanoseconds, !hasDeadline { setDeadline(nanoseconds: deadlineNanoseconds) }
  }

  override func deadlinePassed() { end(RPCError(.deadlineExceeded, "the deadline passed before the server answered")) }

  // MARK: Events

  public override func handle(_ events: HTTP2StreamEvents) {
    if events.contains(.headers) {
      receivedHeaders = true
      if isRunning { headersArrived(ended: events.contains(.end) && input.isEmpty && !events.contains(.trailers)) }
    }
    if events.contains(.data) && isRunning {
      do throws(RPCError) { try inputArrived() } catch { end(error) }
    }
    if events.contains(.trailers) && isRunning { trailersArrived() }
    if events.contains(.end) && isRunning {
      settle(RPCError(.internalError, "the server ended the call without a status"))
    }
    if events.contains(.closed) { closed() }
    wakeAll()
  }

  var isRunning: Bool {
    if case .running = state { true } else { false }
  }

  var isSettled: Bool {
    if case .settled = state { true } else { false }
  }

  private func headersArrived(ended: Bool) {
    isTrailersOnly = ended
    if !ended { receipt?.initialMetadata = initialMetadata }
    if !ended, connection?.isPlain(headers: headers) ?? false { return dropReplay() }
    let isGRPC = headers.withFirst("content-type") { MediaType($0) == .grpc } ?? false
    let httpStatus = headers.status ?? 0
    guard httpStatus == 200, isGRPC, !headers.isTruncated else {
      // A gRPC status in the headers wins over the mapping.
      if ended, headers["grpc-status"] != nil { return settle(StatusFields.status(in: headers)) }
      if headers.isTruncated { return end(RPCError(.resourceExhausted, "the response metadata is too large")) }
      let code = HTTPStatusMapping.code(forHTTPStatus: httpStatus)
      return refuse(RPCError(code, "the server answered with HTTP status \(httpStatus) and not with gRPC"))
    }
    switch headers["grpc-encoding"] {
    case nil, "identity"?: break
    case "gzip"?: inputIsGzip = true
    case let other?: return end(RPCError(.internalError, "the server answered in the encoding \(other.prefix(32)), which was not offered"))
    }
    if ended { return settle(StatusFields.status(in: headers)) }
    if !inputIsGzip { connection?.arePlain(headers: headers) }
    // Messages follow: from here on the call is what this attempt makes of it.
    dropReplay()
  }

  private func trailersArrived() {
    if connection?.isPlain(trailers: trailers) ?? false { return settle(nil) }
    let error = StatusFields.status(in: trailers)
    if error == nil { connection?.arePlain(trailers: trailers) }
    settle(error)
  }

  private func closed() {
    if isRunning {
      if let connection, connection.isClosed {
        settle(RPCError(.unavailable, "the connection to \(connection.address) was lost: \(connection.closeReason)"))
      } else {
        settle(RPCError(HTTPStatusMapping.code(forResetCode: closeCode.rawValue), "the server reset the call with HTTP/2 code \(closeCode.rawValue)"))
      }
    }
    connection?.callClosed()
    connection = nil
    if case .retrying = state { beginAgain() }
  }

  func settle(_ error: RPCError?) {
    guard isRunning else { return }
    countEnd(error, isOurs: false)
    if let error, localFailure == nil, repeats(after: error) { return }
    finalize(error)
  }

  func countMessages() {
    countingConnection?.countMessages(of: self)
    countingConnection = nil
  }

  /// Once for each attempt.
  private func countEnd(_ error: RPCError?, isOurs: Bool) {
    guard isCounted, let connection else { return }
    isCounted = false
    connection.calls.ended(error == nil)
    connection.counters.ended(error, isOurs: isOurs)
  }

  private func finalize(_ error: RPCError?) {
    state = .settled(error)
    dropReplay()
    clearDeadline()
    if isTrailersOnly || !trailers.isEmpty { receipt?.trailingMetadata = trailingMetadata }
    wakeAll()
    endWait()
  }

  // MARK: Ending it from this side

  /// The call is over for us; the server is told.
  func end(_ error: RPCError) {
    guard !isSettled else { return }
    countEnd(error, isOurs: true)
    localFailure = error
    finalize(error)
    wasReset = true
    reset(.cancel)
  }

  /// What the server answered is not gRPC: its status counts, and nothing else of it is read.
  private func refuse(_ error: RPCError) {
    countEnd(error, isOurs: false)
    if repeats(after: error) { return }
    end(error)
  }

  /// For the end of a scope: nothing happens if the call is done already.
  @usableFromInline func cancel() {
    end(RPCError(.cancelled, "the call was cancelled"))
    countMessages()
    // Messages that nobody will read any more.
    if isOpen && !wasReset && !outputEnded {
      wasReset = true
      reset(.cancel)
    }
  }

  // MARK: For readers and writers

  public override var failure: RPCError? { localFailure }
  public override var isAtEnd: Bool { isSettled }

  public override func checkEnd() throws(RPCError) {
    if case .settled(let error?) = state { throw error }
    try super.checkEnd()
  }

  public override var acceptsMessages: Bool {
    switch state {
    case .running: isOpen
    case .retrying: true
    case .settled: false
    }
  }

  public override func prepareToWrite() throws(RPCError) {
    if outputEnded { throw RPCError(.failedPrecondition, "a message was written after the end of the stream") }
    guard case .settled(let error) = state else { return }
    throw error ?? RPCError(.cancelled, "the server has ended the call")
  }

  public override func finishWriting() {
    replay?.isFinished = true
    finish()
  }

  override func messageSealed(from start: Int) { keepMessage(from: start) }

  /// What the server sent before its first message.
  public var initialMetadata: Metadata { Metadata(headers) }
  /// What the server sent with the status.
  public var trailingMetadata: Metadata { Metadata(trailers.isEmpty ? headers : trailers) }

  @usableFromInline var settledStatus: StatusCode? {
    guard case .settled(let error) = state else { return nil }
    return error?.code ?? .ok
  }

  /// Waits for the status and takes the one response.
  @inlinable @inline(__always) func singleResponse<Response: RPCMessage>() async throws -> Response {
    while !isAtEnd {
      guard waitsBriefly else {
        try await waitForInput()
        continue
      }
      await withUnsafeContinuation { (waiter: UnsafeContinuation<Void, Never>) in beginWait(waiter) }
      if !isAtEnd { try Task.checkCancellation() }
    }
    if let failure { throw failure }
    guard settledStatus == .ok else {
      try checkEnd()
      throw RPCError(.internalError, "the call ended without a status")
    }
    let taken = try takeMessage(Response.self)
    noteResponse()
    guard let response = taken else {
      throw hasNoInput
        ? RPCError(.unimplemented, "the server sent no response message") : RPCError(.internalError, "the stream ended inside a message")
    }
    guard hasNoInput else { throw RPCError(.unimplemented, "the server sent more than one response message") }
    return response
  }

  @usableFromInline func noteResponse() { receipt?.responseWasCompressed = lastMessageWasCompressed }

  @usableFromInline var hasNoInput: Bool { input.isEmpty }
}

extension RPCChannel {
  /// One request, one response.
  /// - Throws: `RPCError`: the server's status, or UNAVAILABLE, DEADLINE_EXCEEDED or CANCELLED from this side.
  @inlinable public func unary<Request: RPCMessage, Response: RPCMessage>(
    _ method: MethodDescriptor, _ request: Request, options: CallOptions = CallOptions()
  ) async throws -> Response {
    try await withCall(method, options) { call throws(RPCError) in
      try call.appendMessage(request)
      call.finishWriting()
    } body: { call in
      try await call.singleResponse()
    }
  }

  /// One request, many responses, read inside `body`. If `body` returns before the last one, the call is cancelled.
  @inlinable public func serverStreaming<Request: RPCMessage, Response: RPCMessage, Result>(
    _ method: MethodDescriptor, _ request: Request, options: CallOptions = CallOptions(),
    _ body: (RPCReader<Response>) async throws -> Result
  ) async throws -> Result {
    try await withCall(method, options) { call throws(RPCError) in
      try call.appendMessage(request)
      call.finishWriting()
    } body: { call in
      try await body(RPCReader(call))
    }
  }

  /// Many requests, written inside `send`, and one response. If the server answers early, its answer counts.
  @inlinable public func clientStreaming<Request: RPCMessage, Response: RPCMessage>(
    _ method: MethodDescriptor, options: CallOptions = CallOptions(), _ send: (RPCWriter<Request>) async throws -> Void
  ) async throws -> Response {
    try await withCall(method, options) { _ throws(RPCError) in } body: { call in
      do {
        try await send(RPCWriter(call))
        call.finishWriting()
      } catch {
        guard call.settledStatus != nil else { throw error }
      }
      return try await call.singleResponse()
    }
  }

  /// Many requests and many responses inside `body`. If `body` returns before the server's status, the call is cancelled.
  @inlinable public func bidirectional<Request: RPCMessage, Response: RPCMessage, Result>(
    _ method: MethodDescriptor, options: CallOptions = CallOptions(),
    _ body: (RPCWriter<Request>, RPCReader<Response>) async throws -> Result
  ) async throws -> Result {
    try await withCall(method, options) { _ throws(RPCError) in } body: { call in
      try await body(RPCWriter(call), RPCReader(call))
    }
  }

  // MARK: What they share

  /// Runs interceptors and metrics around `body`, and begins the call again where no server has looked at it.
  @inlinable @inline(__always) func withCall<Result>(
    _ method: MethodDescriptor, _ options: CallOptions, prepare: (ClientCall) throws(RPCError) -> Void,
    body: (ClientCall) async throws -> Result
  ) async throws -> Result {
    if interceptors.isEmpty { return try await attempt(method, options, prepare, body) }
    var result: Result?
    try await intercept(method, options, 0) { options in
      result = try await self.attempt(method, options, prepare, body)
    }
    guard let result else { throw RPCError(.internalError, "an interceptor let the call \(method.path) through without making it") }
    return result
  }

  @usableFromInline func intercept(
    _ method: MethodDescriptor, _ options: CallOptions, _ index: Int, _ last: (CallOptions) async throws -> Void
  ) async throws {
    guard index < interceptors.count else { return try await last(options) }
    try await interceptors[index](method, options) { try await self.intercept(method, $0, index + 1, last) }
  }

  /// A unary call is repeated here, its request encoded anew; one with streams repeats itself, unnoticed by `body` (`CallReplay`).
  @inlinable @inline(__always) func attempt<Result>(
    _ method: MethodDescriptor, _ options: CallOptions, _ prepare: (ClientCall) throws(RPCError) -> Void,
    _ body: (ClientCall) async throws -> Result
  ) async throws -> Result {
    let plan = try plan(method, options)
    var retry = RetryState(plan.retry)
    while true {
      let call = makeCall(plan, retry)
      do {
        try prepare(call)
        if try !startAtOnce(call, plan, retry) { try await start(call, plan, retry) }
        let result = try await body(call)
        call.cancel()
        call.attemptEnded(.ok)
        finished(plan, .ok)
        giveBack(consume call)
        return result
      } catch {
        call.cancel()
        var failure = translate(error)
        call.attemptEnded((failure as? RPCError)?.code ?? .unknown)
        if call.mayRepeat(&retry, self) {
          guard retry.pauseMilliseconds > 0 else { continue }
          do {
            try await pause(before: retry)
            continue
          } catch { failure = translate(error) }
        }
        finished(plan, (failure as? RPCError)?.code ?? .unknown)
        throw failure
      }
    }
  }

  @usableFromInline func plan(_ method: MethodDescriptor, _ options: CallOptions) throws(RPCError) -> CallPlan {
    let plan = try CallPlan(method, options, self)
    calls.started(plan.startedNanoseconds)
    return plan
  }

  @usableFromInline func makeCall(_ plan: CallPlan, _ retry: RetryState) -> ClientCall {
    let call = takeCall()
    call.begin(plan.method.type, deadlineNanoseconds: plan.deadlineNanoseconds)
    call.outputIsGzip = plan.compressed
    call.receipt = plan.receipt
    if plan.method.type != .unary { call.keep(CallReplay(plan, self, retry)) }
    return call
  }

  @usableFromInline func pause(before retry: RetryState) async throws { try await loop.sleep(milliseconds: retry.pauseMilliseconds) }

  /// Begins one attempt at `call`, whose output waits already, if there is a connection for it now.
  @usableFromInline func startAtOnce(_ call: ClientCall, _ plan: borrowing CallPlan, _ retry: borrowing RetryState) throws(RPCError) -> Bool {
    precondition(loop.isCurrent, "a channel belongs to its loop")
    guard let connection = pickAtOnce() else { return false }
    call.attemptBegan(plan.counts)
    try call.open(on: connection, plan.fields(self, previousAttempts: retry.previousAttempts), now: plan.startedNanoseconds)
    return true
  }

  /// The same, waiting for a connection.
  @usableFromInline func start(_ call: ClientCall, _ plan: CallPlan, _ retry: RetryState) async throws {
    call.attemptBegan(plan.counts)
    let connection: ClientConnection
    do {
      connection = try await pick(waitForReady: plan.waitForReady, deadlineNanoseconds: plan.deadlineNanoseconds)
    } catch {
      call.found(noConnection: error)
      throw error
    }
    try call.open(on: connection, plan.fields(self, previousAttempts: retry.previousAttempts), now: plan.startedNanoseconds)
  }

  /// Cancellation of the calling task is the call's cancellation; errors of the caller's own closure pass as they are.
  @usableFromInline func translate(_ error: any Error) -> any Error {
    error is CancellationError ? RPCError(.cancelled, "the call was cancelled") : error
  }

  @usableFromInline func finished(_ plan: CallPlan, _ code: StatusCode) {
    if plan.retry != nil, code == .ok { throttle?.succeeded() }
    calls.ended(code == .ok)
    plan.counts?.callEnded(code, nanoseconds: loop.nowNanoseconds &- plan.startedNanoseconds)
  }
}

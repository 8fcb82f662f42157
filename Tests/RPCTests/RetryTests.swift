import EventLoops
import RPC
import Synchronization
import Testing

/// gRFC A6, and what is repeated without any policy.
@Suite("Retries", .timeLimit(.minutes(1)))
struct RetryTests {
  static let unary = MethodDescriptor(service: "test.Flaky", method: "Unary")
  static let collect = MethodDescriptor(service: "test.Flaky", method: "Collect", type: .clientStreaming)
  static let expand = MethodDescriptor(service: "test.Flaky", method: "Expand", type: .serverStreaming)
  static let chat = MethodDescriptor(service: "test.Flaky", method: "Chat", type: .bidirectional)
  static let policy = RetryPolicy(attemptsMax: 4, backoffInitialMilliseconds: 10, backoffMaxMilliseconds: 20)

  /// How the service behaves, and what it saw.
  final class Flaky: Sendable {
    struct State {
      var failures: Int
      var code = StatusCode.unavailable
      var pushback: RetryPushback?
      var previousAttempts: [Int] = []
    }
    let state: Mutex<State>
    init(_ failures: Int, _ code: StatusCode = .unavailable, pushback: RetryPushback? = nil) {
      state = Mutex(State(failures: failures, code: code, pushback: pushback))
    }

    var previousAttempts: [Int] { state.withLock { $0.previousAttempts } }

    /// Fails while it is to.
    func meet(_ context: ServerContext) throws {
      let (error, pushback) = state.withLock { state -> (RPCError?, RetryPushback?) in
        state.previousAttempts.append(context.previousAttempts)
        guard state.failures > 0 else { return (nil, nil) }
        state.failures -= 1
        return (RPCError(state.code, "not now"), state.pushback)
      }
      context.retryPushback = pushback
      if let error { throw error }
    }

    func add(to router: RPCRouter) {
      router.unary(RetryTests.unary) { (request: Blob, context) -> Blob in
        try self.meet(context)
        return request
      }
      router.clientStreaming(RetryTests.collect) { (requests: RPCReader<Blob>, context) -> Blob in
        var text = try await requests.next()?.text ?? ""
        try self.meet(context)
        while let next = try await requests.next() { text += next.text }
        return Blob(text)
      }
      router.serverStreaming(RetryTests.expand) { (request: Blob, responses: RPCWriter<Blob>, context) in
        if request.text != "late" { try self.meet(context) }
        for _ in 0..<3 { try await responses.write(request) }
        if request.text == "late" { try self.meet(context) }
      }
      router.bidirectional(RetryTests.chat) { (requests: RPCReader<Blob>, responses: RPCWriter<Blob>, context) in
        let first = try await requests.next()
        try self.meet(context)
        if let first { try await responses.write(first) }
        while let next = try await requests.next() { try await responses.write(next) }
      }
    }
  }

  private static func run(
    _ flaky: Flaky, policy: RetryPolicy? = RetryTests.policy, throttling: RetryThrottling? = nil,
    channel: @escaping @Sendable (inout RPCChannelConfiguration) -> Void = { _ in },
    _ body: @escaping @Sendable (borrowing Harness) async throws -> Void
  ) async throws {
    try await Harness.run(
      channel: { configuration in
        configuration.service = ServiceConfiguration(retryThrottling: throttling)
        if let policy { configuration.service.set(MethodConfiguration(retry: policy), forService: "test.Flaky") }
        channel(&configuration)
      },
      router: flaky.add, body)
  }

  @Test func aUnaryCallIsRepeatedUntilItSucceeds() async throws {
    let flaky = Flaky(2)
    try await Self.run(flaky) { harness in
      let receipt = CallReceipt()
      let response: Blob = try await harness.channel.unary(Self.unary, Blob("a"), options: CallOptions(receipt: receipt))
      #expect(response.text == "a")
      #expect(flaky.previousAttempts == [0, 1, 2])
      #expect(receipt.attempts == 3)
    }
  }

  @Test func attemptsAndCodesAreLimited() async throws {
    let always = Flaky(100)
    try await Self.run(always) { harness in
      let error = try await failure { () -> Blob in try await harness.channel.unary(Self.unary, Blob()) }
      #expect(error.code == .unavailable)
      #expect(always.previousAttempts == [0, 1, 2, 3])
    }
    let other = Flaky(100, .internalError)
    try await Self.run(other) { harness in
      let error1 = try await failure { () -> Blob in try await harness.channel.unary(Self.unary, Blob()) }
      #expect(error1.code == .internalError)
      #expect(other.previousAttempts == [0])
    }
    let none = Flaky(100)
    try await Self.run(none, policy: nil) { harness in
      let error2 = try await failure { () -> Blob in try await harness.channel.unary(Self.unary, Blob()) }
      #expect(error2.code == .unavailable)
      #expect(none.previousAttempts == [0])
      let options = CallOptions(retry: RetryPolicy(attemptsMax: 2, backoffInitialMilliseconds: 1))
      let error3 = try await failure { () -> Blob in try await harness.channel.unary(Self.unary, Blob(), options: options) }
      #expect(error3.code == .unavailable)
      #expect(none.previousAttempts == [0, 0, 1], "the call's own policy")
    }
    #expect(RetryPolicy(attemptsMax: 50).attemptsMax == 5)
  }

  @Test func theServerCanPushBack() async throws {
    let never = Flaky(100, pushback: .never)
    try await Self.run(never) { harness in
      let error4 = try await failure { () -> Blob in try await harness.channel.unary(Self.unary, Blob()) }
      #expect(error4.code == .unavailable)
      #expect(never.previousAttempts == [0])
    }
    let later = Flaky(1, pushback: .afterMilliseconds(200))
    try await Self.run(later) { harness in
      let start = harness.loop.nowNanoseconds
      let _: Blob = try await harness.channel.unary(Self.unary, Blob())
      #expect(harness.loop.nowNanoseconds - start >= 200_000_000)
      #expect(later.previousAttempts == [0, 1])
    }
  }

  @Test func theDeadlineHoldsForAllAttempts() async throws {
    let flaky = Flaky(100, pushback: .afterMilliseconds(60_000))
    try await Self.run(flaky) { harness in
      let start = harness.loop.nowNanoseconds
      let error = try await failure { () -> Blob in
        try await harness.channel.unary(Self.unary, Blob(), options: CallOptions(timeoutMilliseconds: 5_000))
      }
      #expect(error.code == .unavailable, "there is no time for another attempt, so the last answer counts")
      #expect(harness.loop.nowNanoseconds - start < 4_000_000_000)
    }
  }

  @Test func cancellationEndsThePause() async throws {
    let flaky = Flaky(100, pushback: .afterMilliseconds(60_000))
    try await Self.run(flaky) { harness in
      let channel = harness.channel
      for method in [Self.unary, Self.collect] {
        let call = Task(executorPreference: harness.loop) { () -> Blob in
          if method == Self.unary { return try await channel.unary(method, Blob()) }
          return try await channel.clientStreaming(method) { (requests: RPCWriter<Blob>) in requests.finish() }
        }
        let before = flaky.previousAttempts.count
        try await eventually(on: harness.loop) { flaky.previousAttempts.count > before || before > 0 }
        try await harness.loop.sleep(milliseconds: 30)
        call.cancel()
        let error5 = try await failure { try await call.value }
        #expect(error5.code == .cancelled)
      }
    }
  }

  @Test func failingChannelsStopRepeating() async throws {
    let flaky = Flaky(1_000)
    try await Self.run(flaky, throttling: RetryThrottling(tokensMax: 4, tokenRatio: 0.5)) { harness in
      _ = try await failure { () -> Blob in try await harness.channel.unary(Self.unary, Blob()) }
      #expect(flaky.previousAttempts == [0, 1], "the second failure leaves half of the tokens")
      _ = try await failure { () -> Blob in try await harness.channel.unary(Self.unary, Blob()) }
      #expect(flaky.previousAttempts == [0, 1, 0])
      flaky.state.withLock { $0.failures = 0 }
      for _ in 0..<8 { let _: Blob = try await harness.channel.unary(Self.unary, Blob()) }
      flaky.state.withLock { $0.failures = 1 }
      let _: Blob = try await harness.channel.unary(Self.unary, Blob("back"))
      #expect(flaky.previousAttempts.last == 1, "successes give tokens back")
    }
  }

  // MARK: Streams

  @Test func writtenMessagesAreSentAgain() async throws {
    let flaky = Flaky(2)
    try await Self.run(flaky) { harness in
      let response: Blob = try await harness.channel.clientStreaming(Self.collect) { (requests: RPCWriter<Blob>) in
        for letter in "abcdefgh" {
          try await requests.write(Blob("\(letter)"))
          try await harness.loop.sleep(milliseconds: 5)
        }
      }
      #expect(response.text == "abcdefgh")
      #expect(flaky.previousAttempts == [0, 1, 2])
    }
  }

  @Test func conversationsGoOnAfterAFailure() async throws {
    let flaky = Flaky(1)
    try await Self.run(flaky) { harness in
      try await harness.channel.bidirectional(Self.chat) { (requests: RPCWriter<Blob>, responses: RPCReader<Blob>) in
        for letter in "abc" {
          try await requests.write(Blob("\(letter)"))
          let answer = try await responses.next()
          #expect(answer?.text == "\(letter)")
        }
        requests.finish()
        let end = try await responses.next()
        #expect(end == nil)
      }
      #expect(flaky.previousAttempts == [0, 1])
    }
  }

  @Test func aStreamIsRepeatedOnlyBeforeItsFirstAnswer() async throws {
    let early = Flaky(2)
    try await Self.run(early) { harness in
      let count = try await harness.channel.serverStreaming(Self.expand, Blob("early")) { (responses: RPCReader<Blob>) in
        var count = 0
        while try await responses.next() != nil { count += 1 }
        return count
      }
      #expect(count == 3)
      #expect(early.previousAttempts == [0, 1, 2])
    }
    let late = Flaky(2)
    try await Self.run(late) { harness in
      let error = try await failure {
        try await harness.channel.serverStreaming(Self.expand, Blob("late")) { (responses: RPCReader<Blob>) in
          while try await responses.next() != nil {}
        }
      }
      #expect(error.code == .unavailable)
      #expect(late.previousAttempts == [0])
    }
  }

  @Test func whoWroteTooMuchIsNotRepeated() async throws {
    let flaky = Flaky(1)
    try await Self.run(flaky, channel: { $0.retryBufferBytesMax = 1_000 }) { harness in
      let error = try await failure { () -> Blob in
        try await harness.channel.clientStreaming(Self.collect) { (requests: RPCWriter<Blob>) in
          for _ in 0..<3 { try await requests.write(Blob(size: 500)) }
        }
      }
      #expect(error.code == .unavailable)
      #expect(flaky.previousAttempts == [0])
    }
  }

  // MARK: Without a policy

  @Test(arguments: [RPCType.unary, .clientStreaming, .bidirectional])
  func refusedStreamsAreRepeated(type: RPCType) async throws {
    try await Harness.run { harness in
      let server = try ScriptedHTTP2Server(harness.loop) { stream, number in
        if number < 3 { stream.reset(.refusedStream) } else { stream.succeed(Array("ok".utf8)) }
      }
      let channel = RPCChannel(target: RPCTarget(server.address), loop: harness.loop)
      let method = MethodDescriptor(service: "test.Any", method: "Any", type: type)
      let receipt = CallReceipt()
      let options = CallOptions(timeoutMilliseconds: 10_000, receipt: receipt)
      let response: Blob
      switch type {
      case .unary: response = try await channel.unary(method, Blob("a"), options: options)
      case .clientStreaming: response = try await channel.clientStreaming(method, options: options) { (requests: RPCWriter<Blob>) in
          try await requests.write(Blob("a"))
        }
      default:
        response = try await channel.bidirectional(method, options: options) { (requests: RPCWriter<Blob>, responses: RPCReader<Blob>) in
          try await requests.write(Blob("a"))
          return try await responses.next() ?? Blob()
        }
      }
      #expect(response.text == "ok")
      #expect(receipt.attempts == 3)
      channel.close()
      server.close()
    }
  }

  @Test func callsThatAGoawayDidNotCoverAreRepeated() async throws {
    try await Harness.run { harness in
      let holder = Holder()
      let server = try ScriptedHTTP2Server(harness.loop) { stream, number in
        guard number == 1 else { return stream.succeed(Array("second".utf8)) }
        // GOAWAY, last stream 0: this one was not looked at.
        holder.server?.connections.last?.send(raw: RawConnection.frame(type: 7, flags: 0, stream: 0, [UInt8](repeating: 0, count: 8)))
      }
      holder.server = server
      let channel = RPCChannel(target: RPCTarget(server.address), loop: harness.loop)
      let response: Blob = try await channel.unary(Self.unary, Blob("a"), options: CallOptions(timeoutMilliseconds: 10_000))
      #expect(response.text == "second")
      channel.close()
      server.close()
    }
  }

  /// Touched on the loop only.
  private final class Holder: @unchecked Sendable {
    var server: ScriptedHTTP2Server?
  }
}

import EventLoops
import RPC
import Synchronization
import Testing

@Suite("Deadlines and cancellation", .timeLimit(.minutes(1)))
struct DeadlineTests {
  @Test func bothSidesEnforceTheDeadline() async throws {
    try await Harness.run { harness in
      // Connected, so that the deadline passes in the handler and not on the way.
      let _: Blob = try await harness.channel.unary(EchoService.unary, Blob())
      let start = harness.loop.nowNanoseconds
      let error = try await failure { () -> Blob in
        try await harness.channel.unary(EchoService.sleep, Blob("30000"), options: CallOptions(timeoutMilliseconds: 200))
      }
      #expect(error.code == .deadlineExceeded)
      #expect(harness.loop.nowNanoseconds - start < 5_000_000_000)
      let echo = harness.echo
      try await eventually(on: harness.loop) { echo.seen.withLock { $0.cancelled } == 1 }
    }
  }

  @Test func theHandlerSeesTheTimeThatIsLeft() async throws {
    try await Harness.run { harness in
      let bounded: Blob = try await harness.channel.unary(EchoService.remaining, Blob(), options: CallOptions(timeoutMilliseconds: 10_000))
      #expect((8_000...10_000).contains(Int(bounded.text) ?? 0))
      let open: Blob = try await harness.channel.unary(EchoService.remaining, Blob())
      #expect(open.text == "none")
    }
  }

  @Test func onwardCallsInheritTheDeadlineAndChosenMetadata() async throws {
    let relay = MethodDescriptor(service: "test.Relay", method: "Forward")
    let onward = Mutex<RPCChannel?>(nil)
    try await Harness.run(router: { router in
      router.unary(relay) { (request: Blob, _) -> Blob in
        guard let channel = onward.withLock({ $0 }) else { throw RPCError(.internalError, "no channel") }
        let left: Blob = try await channel.unary(EchoService.remaining, Blob(), options: CallOptions(timeoutMilliseconds: 60_000))
        let metadata: Blob = try await channel.unary(EchoService.metadata, Blob())
        return Blob(left.text + "\n" + metadata.text)
      }
    }) { harness in
      onward.withLock { $0 = harness.channel }
      let options = CallOptions(timeoutMilliseconds: 5_000, metadata: ["jetty-account": "acc_1", "jetty-request-id": "r1", "x-private": "stays"])
      let response: Blob = try await harness.channel.unary(relay, Blob(), options: options)
      let lines = response.text.split(separator: "\n")
      #expect((1...5_000).contains(Int(lines[0]) ?? 0), "the shorter deadline counts")
      #expect(lines.contains("jetty-account=acc_1"))
      #expect(lines.contains("jetty-request-id=r1"))
      #expect(!response.text.contains("stays"))
      onward.withLock { $0 = nil }
    }
  }

  @Test func cancellingTheCallerReachesTheHandler() async throws {
    try await Harness.run { harness in
      let channel = harness.channel
      let call = Task(executorPreference: harness.loop) { () -> Blob in try await channel.unary(EchoService.sleep, Blob("30000")) }
      let (server, echo) = (harness.server, harness.echo)
      try await eventually(on: harness.loop) { echo.seen.withLock { $0.asleep } == 1 }
      call.cancel()
      let error = try await failure { try await call.value }
      #expect(error.code == .cancelled)
      try await eventually(on: harness.loop) { echo.seen.withLock { $0.cancelled } == 1 && server.runningCalls == 0 }
    }
  }

  /// However long it has waited: short and long waits hear of it in different ways.
  @Test(arguments: [0, 30, 300] as [UInt64]) func cancellingAWaitForAnAnswerEndsIt(milliseconds: UInt64) async throws {
    try await Harness.run { harness in
      let (channel, loop) = (harness.channel, harness.loop)
      let _: Blob = try await channel.unary(EchoService.unary, Blob())
      let call = Task(executorPreference: loop) { () -> Blob in try await channel.unary(EchoService.sleep, Blob("30000")) }
      let server = harness.server
      try await eventually(on: loop) { server.runningCalls == 1 }
      try await loop.sleep(milliseconds: milliseconds)
      let start = loop.nowNanoseconds
      call.cancel()
      let error = try await failure { try await call.value }
      #expect(error.code == .cancelled)
      #expect(loop.nowNanoseconds - start < 5_000_000_000)
      try await eventually(on: loop) { server.runningCalls == 0 }
    }
  }

  @Test func anAnswerAfterALongWaitArrives() async throws {
    try await Harness.run { harness in
      let answer: Blob = try await harness.channel.unary(EchoService.sleep, Blob("400"))
      #expect(answer.text == "400")
    }
  }

  @Test func leavingAStreamEarlyReachesTheHandler() async throws {
    try await Harness.run { harness in
      try await harness.channel.serverStreaming(EchoService.expand, Blob("1000000 1000")) { (responses: RPCReader<Blob>) in
        _ = try await responses.next()
      }
      let error = try await failure {
        try await harness.channel.bidirectional(EchoService.chat) { (requests: RPCWriter<Blob>, responses: RPCReader<Blob>) in
          try await requests.write(Blob("a"))
          _ = try await responses.next()
          throw RPCError(.aborted, "the caller's own error")
        }
      }
      #expect(error.code == .aborted)
      let echo = harness.echo
      try await eventually(on: harness.loop) { echo.seen.withLock { $0.cancelled } == 2 }
    }
  }

  @Test func aLostConnectionCancelsHandlersAndFailsCalls() async throws {
    try await Harness.run { harness in
      let channel = harness.channel
      let call = Task(executorPreference: harness.loop) { () -> Blob in try await channel.unary(EchoService.sleep, Blob("30000")) }
      let (server, echo) = (harness.server, harness.echo)
      try await eventually(on: harness.loop) { echo.seen.withLock { $0.asleep } == 1 }
      server.close()
      let error = try await failure { try await call.value }
      #expect(error.code == .unavailable)
      try await eventually(on: harness.loop) { echo.seen.withLock { $0.cancelled } == 1 }
    }
  }

  @Test func aDeadlineThatHasPassedSendsNothing() async throws {
    try await Harness.run { harness in
      let error = try await failure { () -> Blob in
        try await harness.channel.unary(EchoService.unary, Blob(), options: CallOptions(timeoutMilliseconds: 0))
      }
      #expect(error.code == .deadlineExceeded)
      #expect(harness.server.acceptedConnections == 0)
    }
  }
}

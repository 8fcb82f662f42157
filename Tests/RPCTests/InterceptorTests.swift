import EventLoops
import RPC
import Testing

@Suite("Interceptors", .timeLimit(.minutes(1)))
struct InterceptorTests {
  /// Touched on the loop only.
  private final class Journal: @unchecked Sendable {
    var lines: [String] = []
  }

  /// Each of the four kinds once, with "a" as every message; what the caller gets.
  private static func callAll(_ channel: RPCChannel) async throws -> [String] {
    let one: Blob = try await channel.unary(EchoService.unary, Blob("a"))
    let many = try await channel.serverStreaming(EchoService.expand, Blob("2 1")) { (responses: RPCReader<Blob>) in
      var count = 0
      while try await responses.next() != nil { count += 1 }
      return count
    }
    let sum: Blob = try await channel.clientStreaming(EchoService.collect) { (requests: RPCWriter<Blob>) in
      for _ in 0..<2 { try await requests.write(Blob("a")) }
    }
    let echoed = try await channel.bidirectional(EchoService.chat) { (requests: RPCWriter<Blob>, responses: RPCReader<Blob>) in
      try await requests.write(Blob("a"))
      let echo = try await responses.next()
      requests.finish()
      _ = try await responses.next()
      return echo?.text ?? ""
    }
    return [one.text, "\(many)", sum.text, echoed]
  }

  @Test func bothSidesSeeEveryKindOfCall() async throws {
    let served = Journal()
    try await Harness.run(router: { router in
      router.interceptors.append { context, next in
        served.lines.append("\(context.method.method) \(context.metadata["x-by"] ?? "-")")
        context.responseTrailers["x-seen"] = "yes"
        try await next()
      }
    }) { harness in
      let called = Journal()
      for name in ["outer", "inner"] {
        harness.channel.interceptors.append { method, options, next in
          var options = options
          options.metadata["x-by"] = name
          let receipt = options.receipt ?? CallReceipt()
          options.receipt = receipt
          called.lines.append("\(name) \(method.method)")
          try await next(options)
          called.lines.append("\(name) done \(receipt.trailingMetadata["x-seen"] ?? "-")")
        }
      }
      let answers = try await Self.callAll(harness.channel)
      #expect(answers == ["a", "2", "2 2", "a"])
      #expect(served.lines == ["Unary inner", "Expand inner", "Collect inner", "Chat inner"])
      #expect(called.lines.count == 16)
      #expect(called.lines.prefix(4) == ["outer Unary", "inner Unary", "inner done yes", "outer done yes"])
    }
  }

  @Test func eitherSideCanRefuse() async throws {
    try await Harness.run(router: { router in
      router.interceptors.append { context, next in
        if context.metadata["x-refuse"] != nil { throw RPCError(.permissionDenied, "the server's") }
        try await next()
      }
    }) { harness in
      let channel = harness.channel
      let theirs = try await failure {
        try await channel.bidirectional(EchoService.chat, options: CallOptions(metadata: ["x-refuse": "1"])) {
          (requests: RPCWriter<Blob>, responses: RPCReader<Blob>) in
          _ = try await responses.next()
        }
      }
      #expect(theirs.code == .permissionDenied)
      let started = harness.server.calls.started
      channel.interceptors.append { _, _, _ in throw RPCError(.failedPrecondition, "ours") }
      let ours = try await failure { () -> Blob in try await channel.clientStreaming(EchoService.collect) { (_: RPCWriter<Blob>) in } }
      #expect(ours.code == .failedPrecondition)
      #expect(harness.server.calls.started == started, "the server heard nothing of it")
      channel.interceptors = [{ _, _, _ in }]
      let forgotten = try await failure { () -> Blob in try await channel.unary(EchoService.unary, Blob()) }
      #expect(forgotten.code == .internalError)
    }
  }

  @Test func aRepeatedCallIsOneCall() async throws {
    try await Harness.run { harness in
      let journal = Journal()
      harness.channel.interceptors.append { _, options, next in
        journal.lines.append("begin")
        do {
          try await next(options)
          journal.lines.append("ok")
        } catch {
          journal.lines.append("\((error as? RPCError)?.code.name ?? "?")")
          throw error
        }
      }
      let options = CallOptions(retry: RetryPolicy(attemptsMax: 3, backoffInitialMilliseconds: 1))
      let _: Blob = try await harness.channel.unary(EchoService.flaky, Blob("2 1 once"), options: options)
      #expect(journal.lines == ["begin", "ok"])
    }
  }

  @Test func cancellationTravelsThroughAServerToTheNextOne() async throws {
    let relay = MethodDescriptor(service: "test.Relay", method: "Relay")
    let onward = Onward()
    try await Harness.run(router: { router in
      router.unary(relay) { (request: Blob, _) -> Blob in
        guard let channel = onward.channel else { throw RPCError(.internalError, "no channel") }
        return try await channel.unary(EchoService.sleep, request)
      }
    }) { harness in
      let (channel, server, echo) = (harness.channel, harness.server, harness.echo)
      onward.channel = channel
      defer { onward.channel = nil }
      let call = Task(executorPreference: harness.loop) { () -> Blob in try await channel.unary(relay, Blob("30000")) }
      try await eventually(on: harness.loop) { server.runningCalls == 2 }
      call.cancel()
      try await eventually(on: harness.loop) { server.runningCalls == 0 && echo.seen.withLock { $0.cancelled } == 1 }
      let late = try await failure { () -> Blob in try await channel.unary(relay, Blob("30000"), options: CallOptions(timeoutMilliseconds: 100)) }
      #expect(late.code == .deadlineExceeded)
      try await eventually(on: harness.loop) { server.runningCalls == 0 && echo.seen.withLock { $0.cancelled } == 2 }
    }
  }

  /// Touched on the loop only.
  private final class Onward: @unchecked Sendable {
    var channel: RPCChannel?
  }
}

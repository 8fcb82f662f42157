import EventLoops
import RPC
import RPCServices
import Testing

@Suite("Against grpcio", .timeLimit(.minutes(2)))
struct GRPCIOTests {
  @Test func grpcioCallsOurServer() async throws {
    try await Harness.run(router: { router in
      guard let loop = EventLoop.current else { return }
      let health = router.addOperations(loop: loop)
      for service in ["", "test.Echo"] { health.setStatus(.serving, for: service) }
    }) { harness in
      let target = "\(harness.address)"
      let result = try await harness.loop.offload { try PythonPeer.run("grpcio_client.py", [target]) }
      #expect(result.code == 0, "\(result.output)")
      #expect(result.output.split(separator: "\n").filter { $0.hasPrefix("ok ") }.count >= 20, "\(result.output)")
      let echo = harness.echo
      try await eventually(on: harness.loop) { echo.seen.withLock { $0.cancelled } == 3 }
    }
  }

  @Test func weCallGrpcio() async throws {
    let loop = try EventLoop(name: "rpc-client")
    try loop.start()
    defer { loop.stop() }
    let server = try await loop.offload { try PythonPeer.Server("grpcio_server.py") }
    defer { server.stop() }
    try await loop.run {
      let channel = RPCChannel(target: RPCTarget(.loopback(port: server.port)), loop: loop)
      defer { channel.close() }
      try await Self.unaryCalls(channel)
      try await Self.streams(channel)
      try await Self.metadata(channel)
      try await Self.failures(channel)
      try await Self.details(channel)
      try await Self.retries(channel)
    }
  }

  private static func unaryCalls(_ channel: RPCChannel) async throws {
    for size in [0, 1, 314_159, 3 << 20] {
      let response: Blob = try await channel.unary(EchoService.unary, Blob(size: size))
      #expect(response == Blob(size: size))
      let compressed: Blob = try await channel.unary(EchoService.unary, Blob(size: size), options: CallOptions(compressed: true))
      #expect(compressed == Blob(size: size))
    }
    let remaining: Blob = try await channel.unary(EchoService.remaining, Blob(), options: CallOptions(timeoutMilliseconds: 30_000))
    #expect((20_000...30_000).contains(Int(remaining.text) ?? 0))
  }

  private static func streams(_ channel: RPCChannel) async throws {
    let count = try await channel.serverStreaming(EchoService.expand, Blob("200 10000")) { (responses: RPCReader<Blob>) in
      var count = 0
      for try await response in responses where response.bytes.count == 10_000 { count += 1 }
      return count
    }
    #expect(count == 200)
    let collected: Blob = try await channel.clientStreaming(EchoService.collect) { (requests: RPCWriter<Blob>) in
      for _ in 0..<200 { try await requests.write(Blob(size: 10_000)) }
    }
    #expect(collected.text == "200 2000000")
    try await channel.bidirectional(EchoService.chat) { (requests: RPCWriter<Blob>, responses: RPCReader<Blob>) in
      for index in 0..<20 {
        try await requests.write(Blob("\(index)"))
        #expect(try await responses.next()?.text == "\(index)")
      }
      requests.finish()
      #expect(try await responses.next() == nil)
    }
  }

  private static func metadata(_ channel: RPCChannel) async throws {
    var options = CallOptions()
    options.metadata.add("x-word", "one")
    options.metadata.add("x-word", "two")
    options.metadata.addBinary("x-bytes", [0, 255])
    let seen: Blob = try await channel.unary(EchoService.metadata, Blob(), options: options)
    #expect(seen.text.contains("x-word=one\nx-word=two"))
    #expect(seen.text.contains("x-bytes-bin=b'\\x00\\xff'"))
    let context = RPCContext(deadlineNanoseconds: nil, metadata: ["x-onward": "yes", "x-word": "inherited"])
    let inherited: Blob = try await RPCContext.$current.withValue(context) {
      try await channel.unary(EchoService.metadata, Blob(), options: CallOptions(metadata: ["x-word": "own"]))
    }
    #expect(inherited.text.contains("x-onward=yes"))
    #expect(inherited.text.contains("x-word=own"))
    #expect(!inherited.text.contains("inherited"))
  }

  private static func details(_ channel: RPCChannel) async throws {
    let error = try await failure { () -> Blob in try await channel.unary(EchoService.detailed, Blob()) }
    #expect(error.code == .invalidArgument)
    #expect(error.detail(BadRequest.self) == BadRequest(field: "a.b", "is wrong"))
    #expect(error.detail(ErrorInfo.self) == ErrorInfo(reason: "WHY", domain: "peer", metadata: ["k": "v"]))
    #expect(error.detail(RetryInfo.self)?.retryDelayMilliseconds == 2_500)
  }

  private static func retries(_ channel: RPCChannel) async throws {
    let options = CallOptions(retry: RetryPolicy(attemptsMax: 4, backoffInitialMilliseconds: 30_000, backoffMaxMilliseconds: 30_000))
    let response: Blob = try await channel.unary(EchoService.flaky, Blob("2 10 ours"), options: options)
    #expect(response.text == "2", "grpcio saw grpc-previous-rpc-attempts")
    let refused = try await failure { () -> Blob in try await channel.unary(EchoService.flaky, Blob("2 -1 never"), options: options) }
    #expect(refused.code == .unavailable)
  }

  private static func failures(_ channel: RPCChannel) async throws {
    let text = "100% ☺\n\u{1F608}"
    let error = try await failure { () -> Blob in try await channel.unary(EchoService.fail, Blob("9 \(text)")) }
    #expect(error.code == .failedPrecondition)
    #expect(error.message == text)
    #expect(error.metadata["failed-with"] == "9")
    #expect(error.metadata.binary("bytes") == [0, 255])
    let late = try await failure { () -> Blob in
      try await channel.unary(EchoService.sleep, Blob("3000"), options: CallOptions(timeoutMilliseconds: 100))
    }
    #expect(late.code == .deadlineExceeded)
    let missing = try await failure { () -> Blob in try await channel.unary(MethodDescriptor(service: "test.Echo", method: "No"), Blob()) }
    #expect(missing.code == .unimplemented)
  }
}

import EventLoops
import RPC
import Testing

@Suite("Streaming calls", .timeLimit(.minutes(1)))
struct StreamingTests {
  @Test(arguments: [(0, 0), (1, 10), (10_000, 20), (50, 200_000)])
  func serverStream(count: Int, size: Int) async throws {
    try await Harness.run { harness in
      let bytes = try await harness.channel.serverStreaming(EchoService.expand, Blob("\(count) \(size)")) { (responses: RPCReader<Blob>) in
        var received = (count: 0, bytes: 0)
        for try await response in responses {
          received.count += 1
          received.bytes += response.bytes.count
        }
        return received
      }
      #expect(bytes.count == count)
      #expect(bytes.bytes == count * size)
    }
  }

  @Test(arguments: [(0, 0), (1, 10), (10_000, 20), (50, 200_000)])
  func clientStream(count: Int, size: Int) async throws {
    try await Harness.run { harness in
      let response: Blob = try await harness.channel.clientStreaming(EchoService.collect) { (requests: RPCWriter<Blob>) in
        let message = Blob(size: size)
        for _ in 0..<count { try await requests.write(message) }
      }
      #expect(response.text == "\(count) \(count * size)")
    }
  }

  @Test func pingPong() async throws {
    try await Harness.run { harness in
      try await harness.channel.bidirectional(EchoService.chat) { (requests: RPCWriter<Blob>, responses: RPCReader<Blob>) in
        for size in [0, 1, 31_415, 9, 2_653, 58_979, 1 << 20] {
          try await requests.write(Blob(size: size))
          #expect(try await responses.next()?.bytes.count == size)
        }
        requests.finish()
        #expect(try await responses.next() == nil)
        #expect(try await responses.next() == nil, "the end stays the end")
      }
      #expect(harness.echo.seen.withLock { $0.finished } == 1)
    }
  }

  @Test func bothDirectionsAtOnce() async throws {
    try await Harness.run { harness in
      try await harness.channel.bidirectional(EchoService.chat) { (requests: RPCWriter<Blob>, responses: RPCReader<Blob>) in
        async let sent: Void = {
          for index in 0..<2_000 { try await requests.write(Blob("\(index)")) }
          requests.finish()
        }()
        var next = 0
        while let response = try await responses.next() {
          #expect(response.text == "\(next)")
          next += 1
        }
        try await sent
        #expect(next == 2_000)
      }
    }
  }

  @Test func anEarlyAnswerEndsTheUpload() async throws {
    try await Harness.run { harness in
      let response: Blob = try await harness.channel.clientStreaming(EchoService.collect) { (requests: RPCWriter<Blob>) in
        try await requests.write(Blob("stop"))
        for _ in 0..<100_000 { try await requests.write(Blob(size: 10_000)) }
        Issue.record("the server had answered; the writer must notice")
      }
      #expect(response.text == "stopped")
    }
  }

  @Test func aSlowReaderStopsTheWriter() async throws {
    try await Harness.run { harness in
      let echo = harness.echo
      let loop = harness.loop
      try await harness.channel.serverStreaming(EchoService.expand, Blob("10000 10000")) { (responses: RPCReader<Blob>) in
        _ = try await responses.next()
        try await loop.sleep(milliseconds: 200)
        // 100 MB are on offer; what was written is bounded by the stream's window and the output queue.
        let written = echo.seen.withLock { $0.written }
        #expect(written > 10)
        #expect(written * 10_000 < 4 << 20)
      }
      try await eventually(on: loop) { echo.seen.withLock { $0.cancelled } == 1 }
    }
  }

  @Test func aSlowServerStopsTheClient() async throws {
    try await Harness.run { harness in
      let loop = harness.loop
      let start = loop.nowNanoseconds
      let response: Blob = try await harness.channel.clientStreaming(EchoService.collect) { (requests: RPCWriter<Blob>) in
        try await requests.write(Blob("rest"))
        var early = 0
        for _ in 0..<1_000 {
          try await requests.write(Blob(size: 10_000))
          if loop.nowNanoseconds - start < 250_000_000 { early += 1 }
        }
        #expect(early * 10_000 < 4 << 20, "the client must wait while the server does not read")
      }
      #expect(response.text == "1001 10000004")
    }
  }

  @Test func failuresAfterMessages() async throws {
    try await Harness.run(router: { router in
      router.serverStreaming(MethodDescriptor(service: "test.More", method: "Break", type: .serverStreaming)) {
        (_: Blob, responses: RPCWriter<Blob>, context) in
        context.responseTrailers["x-trailer"] = "there"
        try await responses.write(Blob("first"))
        throw RPCError(.dataLoss, "broke in the middle")
      }
    }) { harness in
      let method = MethodDescriptor(service: "test.More", method: "Break", type: .serverStreaming)
      let error = try await failure {
        try await harness.channel.serverStreaming(method, Blob()) { (responses: RPCReader<Blob>) in
          #expect(try await responses.next()?.text == "first")
          _ = try await responses.next()
        }
      }
      #expect(error.code == .dataLoss)
      #expect(error.metadata["x-trailer"] == "there")
    }
  }
}

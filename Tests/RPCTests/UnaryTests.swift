import EventLoops
import RPC
import Testing

@Suite("Unary calls", .timeLimit(.minutes(1)))
struct UnaryTests {
  @Test(arguments: [0, 1, 1_000, 16_384, 100_000, 3 << 20])
  func echo(size: Int) async throws {
    try await Harness.run { harness in
      let request = Blob(size: size)
      let response: Blob = try await harness.channel.unary(EchoService.unary, request)
      #expect(response == request)
    }
  }

  @Test func manyAtOnce() async throws {
    try await Harness.run { harness in
      let channel = harness.channel
      let sum = try await withThrowingTaskGroup(of: Int.self) { group in
        for index in 0..<1_000 {
          group.addTask {
            let response: Blob = try await channel.unary(EchoService.unary, Blob("\(index)"))
            return Int(response.text) ?? -1
          }
        }
        return try await group.reduce(0, +)
      }
      #expect(sum == 499_500)
      #expect(harness.server.acceptedConnections == 1, "one connection carries them all")
    }
  }

  @Test(arguments: StatusCode.allCases.filter { $0 != .ok })
  func statusReachesTheCaller(code: StatusCode) async throws {
    try await Harness.run { harness in
      let text = "ünïcode, 100% \u{1F680}\nline"
      let error = try await failure { () -> Blob in try await harness.channel.unary(EchoService.fail, Blob("\(code.rawValue) \(text)")) }
      #expect(error.code == code)
      #expect(error.message == text)
      #expect(error.details == [StatusDetail(typeURL: "type.googleapis.com/test.Detail", value: [1, 2, 3])])
      #expect(error.metadata["failed-with"] == "\(code.rawValue)")
    }
  }

  @Test func otherErrorsSayNothing() async throws {
    try await Harness.run { harness in
      let error = try await failure { () -> Blob in try await harness.channel.unary(EchoService.fail, Blob("nonsense")) }
      #expect(error.code == .unknown)
      #expect(!error.message.contains("Unexpected"))
    }
  }

  @Test func unknownMethodsAndServices() async throws {
    try await Harness.run { harness in
      for (method, word) in [("test.Echo", "method"), ("test.Nobody", "service")] {
        let descriptor = MethodDescriptor(service: method, method: "Missing")
        let error = try await failure { () -> Blob in try await harness.channel.unary(descriptor, Blob()) }
        #expect(error.code == .unimplemented)
        #expect(error.message.contains("unknown \(word)"))
      }
    }
  }

  @Test func tooLargeRequests() async throws {
    try await Harness.run(server: { $0.limits.receivedMessageBytesMax = 1_000 }) { harness in
      let error = try await failure { () -> Blob in try await harness.channel.unary(EchoService.unary, Blob(size: 1_001)) }
      #expect(error.code == .resourceExhausted)
      #expect(error.message.contains("1001"))
      let fits: Blob = try await harness.channel.unary(EchoService.unary, Blob(size: 1_000))
      #expect(fits.bytes.count == 1_000)
    }
  }

  @Test func tooLargeResponsesAndUnsendableMessages() async throws {
    try await Harness.run(channel: { $0.limits.receivedMessageBytesMax = 100; $0.limits.sentMessageBytesMax = 200 }) { harness in
      let received = try await failure { () -> Blob in try await harness.channel.unary(EchoService.unary, Blob(size: 150)) }
      #expect(received.code == .resourceExhausted)
      let sent = try await failure { () -> Blob in try await harness.channel.unary(EchoService.unary, Blob(size: 250)) }
      #expect(sent.code == .resourceExhausted)
      #expect(sent.message.contains("250"))
    }
  }

  @Test func metadataTravelsBothWays() async throws {
    try await Harness.run { harness in
      var options = CallOptions()
      options.metadata.add("x-word", "one")
      options.metadata.add("X-Word", "two")
      options.metadata.addBinary("x-bytes", [0, 255, 7])
      let response: Blob = try await harness.channel.unary(EchoService.metadata, Blob(), options: options)
      #expect(response.text.contains("x-word=one\nx-word=two"))
      #expect(response.text.contains("x-bytes-bin=AP8H"))
      #expect(!response.text.contains("grpc-"))
    }
  }

  @Test func metadataThatGRPCForbidsIsNamed() async throws {
    try await Harness.run { harness in
      for (key, value) in [("x y", "v"), ("x-ok", "line\r\nbreak"), ("grpc-status", "0"), (":path", "/")] {
        let error = try await failure { () -> Blob in
          try await harness.channel.unary(EchoService.unary, Blob(), options: CallOptions(metadata: [key: value]))
        }
        #expect(error.code == .internalError)
        #expect(error.message.contains(key))
      }
    }
  }

  @Test func compression() async throws {
    try await Harness.run { harness in
      let request = Blob(String(repeating: "compress me ", count: 10_000))
      let response: Blob = try await harness.channel.unary(EchoService.unary, request, options: CallOptions(compressed: true))
      #expect(response == request)
    }
  }

  @Test func decompressionIsBounded() async throws {
    try await Harness.run(server: { $0.limits.receivedMessageBytesMax = 10_000 }) { harness in
      let bomb = Blob(String(repeating: "0", count: 1_000_000))
      let error = try await failure { () -> Blob in
        try await harness.channel.unary(EchoService.unary, bomb, options: CallOptions(compressed: true))
      }
      #expect(error.code == .resourceExhausted)
      #expect(error.message.contains("decompressed"))
    }
  }

  @Test func interceptorsRunAroundTheCall() async throws {
    try await Harness.run(router: { router in
      router.interceptors.append { context, next in
        guard context.metadata["x-key"] == "open" else { throw RPCError(.unauthenticated, "no key") }
        try await next()
      }
    }) { harness in
      let refused = try await failure { () -> Blob in try await harness.channel.unary(EchoService.unary, Blob("a")) }
      #expect(refused.code == .unauthenticated)
      harness.channel.interceptors.append { _, options, next in
        var options = options
        options.metadata["x-key"] = "open"
        try await next(options)
      }
      let response: Blob = try await harness.channel.unary(EchoService.unary, Blob("a"))
      #expect(response.text == "a")
    }
  }
}

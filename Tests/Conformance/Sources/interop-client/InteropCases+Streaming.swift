import EventLoops
import InteropMessages
import RPC

extension InteropCases {
  private static let requestSizes = [27_182, 8, 1_828, 45_904]
  private static let responseSizes = [31_415, 9, 2_653, 58_979]

  func clientStreaming() async throws -> String? {
    let response = try await client.streamingInputCall { requests in
      for size in Self.requestSizes { try await requests.write(GRPCTesting.StreamingInputCallRequest(payload: Self.payload(size))) }
    }
    try require(response.aggregatedPayloadSize == 74_922, "the server counted \(response.aggregatedPayloadSize) bytes")
    return nil
  }

  func clientCompressedStreaming() async throws -> String? {
    func request(_ size: Int, isCompressed: Bool) -> GRPCTesting.StreamingInputCallRequest {
      GRPCTesting.StreamingInputCallRequest(payload: Self.payload(size), expectCompressed: GRPCTesting.BoolValue(value: isCompressed))
    }
    // First whether the server looks at all: it is told something false.
    try await Self.failure(.invalidArgument) {
      _ = try await client.streamingInputCall { try await $0.write(request(27_182, isCompressed: true)) }
    }
    let response = try await client.streamingInputCall(options: CallOptions(compressed: true)) { requests in
      try await requests.write(request(27_182, isCompressed: true))
      try await requests.write(request(45_904, isCompressed: false), mayCompress: false)
    }
    try require(response.aggregatedPayloadSize == 73_086, "the server counted \(response.aggregatedPayloadSize) bytes")
    return nil
  }

  func serverStreaming() async throws -> String? {
    try await client.streamingOutputCall(Self.streamRequest(sizes: Self.responseSizes)) { responses in
      try await Self.check(responses, sizes: Self.responseSizes)
    }
    return nil
  }

  func serverCompressedStreaming() async throws -> String? {
    let wanted = [(31_415, true), (92_653, false)]
    let request = GRPCTesting.StreamingOutputCallRequest(
      responseType: .compressable,
      responseParameters: wanted.map { size, isCompressed in
        GRPCTesting.ResponseParameters(size: Int32(size), compressed: GRPCTesting.BoolValue(value: isCompressed))
      })
    try await client.streamingOutputCall(request) { responses in
      for (size, isCompressed) in wanted {
        let response = try await responses.next()
        try require(response?.payload?.body.count == size, "a response has \(response?.payload?.body.count ?? -1) bytes instead of \(size)")
        try require(responses.lastMessageWasCompressed == isCompressed, "the response of \(size) bytes is compressed or not against what was asked")
      }
      let end = try await responses.next()
      try require(end == nil, "there were more responses than asked for")
    }
    return nil
  }

  func pingPong() async throws -> String? {
    try await client.fullDuplexCall { requests, responses in
      for (requestSize, responseSize) in zip(Self.requestSizes, Self.responseSizes) {
        try await requests.write(Self.streamRequest(sizes: [responseSize], payload: requestSize))
        let response = try await responses.next()
        try require(response?.payload?.body.count == responseSize, "a response has not the \(responseSize) bytes asked for")
      }
      requests.finish()
      let end = try await responses.next()
      try require(end == nil, "a response came after the last request was answered")
    }
    return nil
  }

  func emptyStream() async throws -> String? {
    try await client.fullDuplexCall { requests, responses in
      requests.finish()
      let end = try await responses.next()
      try require(end == nil, "a response came and nothing was asked")
    }
    return nil
  }

  // MARK: Endings

  func cancelAfterBegin() async throws -> String? {
    let (loop, client) = (channel.loop, client)
    let begun = LoopPromise<Void>(loop: loop)
    let call = Task(executorPreference: loop) {
      _ = try await client.streamingInputCall { _ in
        begun.succeed(())
        try await loop.sleep(milliseconds: 20_000)
      }
    }
    try await begun.wait(timeoutMilliseconds: 5_000)
    // The headers go out at the end of the loop's turn.
    try await loop.sleep(milliseconds: 20)
    call.cancel()
    try await Self.failure(.cancelled) { try await call.value }
    return nil
  }

  func cancelAfterFirstResponse() async throws -> String? {
    let (loop, client) = (channel.loop, client)
    let answered = LoopPromise<Void>(loop: loop)
    let call = Task(executorPreference: loop) {
      try await client.fullDuplexCall { requests, responses in
        try await requests.write(Self.streamRequest(sizes: [31_415], payload: 27_182))
        let response = try await responses.next()
        try require(response?.payload?.body.count == 31_415, "the first response has not the 31415 bytes asked for")
        answered.succeed(())
        _ = try await responses.next()
      }
    }
    try await answered.wait(timeoutMilliseconds: 10_000)
    call.cancel()
    try await Self.failure(.cancelled) { try await call.value }
    return nil
  }

  func timeoutOnSleepingServer() async throws -> String? {
    try await Self.failure(.deadlineExceeded) {
      try await client.fullDuplexCall(options: CallOptions(timeoutMilliseconds: 1)) { requests, responses in
        try await requests.write(GRPCTesting.StreamingOutputCallRequest(payload: Self.payload(27_182)))
        while try await responses.next() != nil {}
      }
    }
    return nil
  }

  // MARK: What they share

  static func streamRequest(sizes: [Int], payload size: Int? = nil) -> GRPCTesting.StreamingOutputCallRequest {
    GRPCTesting.StreamingOutputCallRequest(
      responseType: .compressable, responseParameters: sizes.map { GRPCTesting.ResponseParameters(size: Int32($0)) },
      payload: size.map(payload))
  }

  static func check(_ responses: RPCReader<GRPCTesting.StreamingOutputCallResponse>, sizes: [Int]) async throws {
    var received: [Int] = []
    while let response = try await responses.next() { received.append(response.payload?.body.count ?? 0) }
    try require(received == sizes, "the responses have \(received) bytes instead of \(sizes)")
  }
}

import InteropMessages
import RPC

extension InteropCases {
  func emptyUnary() async throws -> String? {
    let response = try await client.emptyCall(GRPCTesting.Empty())
    try require(response == GRPCTesting.Empty(), "the response is not empty")
    return nil
  }

  func largeUnary() async throws -> String? {
    try Self.check(try await client.unaryCall(Self.largeRequest()))
    return nil
  }

  func clientCompressedUnary() async throws -> String? {
    // First whether the server looks at all: it is told something false.
    var request = Self.largeRequest()
    request.expectCompressed = GRPCTesting.BoolValue(value: true)
    let plain = CallOptions()
    try await Self.failure(.invalidArgument) { _ = try await client.unaryCall(request, options: plain) }

    try Self.check(try await client.unaryCall(request, options: CallOptions(compressed: true)))
    request.expectCompressed = GRPCTesting.BoolValue(value: false)
    try Self.check(try await client.unaryCall(request, options: plain))
    return nil
  }

  func serverCompressedUnary() async throws -> String? {
    for isCompressed in [true, false] {
      var request = Self.largeRequest()
      request.responseCompressed = GRPCTesting.BoolValue(value: isCompressed)
      let receipt = CallReceipt()
      try Self.check(try await client.unaryCall(request, options: CallOptions(receipt: receipt)))
      try require(
        receipt.responseWasCompressed == isCompressed, "the response came \(isCompressed ? "as it is" : "compressed"), which was not asked for")
    }
    return nil
  }

  // MARK: Metadata and status

  func customMetadata() async throws -> String? {
    let receipt = CallReceipt()
    var metadata: Metadata = ["x-grpc-test-echo-initial": "test_initial_metadata_value"]
    metadata.addBinary("x-grpc-test-echo-trailing-bin", [0xAB, 0xAB, 0xAB])
    let options = CallOptions(metadata: metadata, receipt: receipt)

    try Self.check(try await client.unaryCall(Self.largeRequest(), options: options))
    try Self.checkEchoed(receipt)
    try await client.fullDuplexCall(options: options) { requests, responses in
      try await requests.write(Self.streamRequest(sizes: [314_159], payload: 271_828))
      requests.finish()
      try await Self.check(responses, sizes: [314_159])
    }
    try Self.checkEchoed(receipt)
    return nil
  }

  private static func checkEchoed(_ receipt: CallReceipt) throws {
    let initial = receipt.initialMetadata.all("x-grpc-test-echo-initial")
    try require(initial == ["test_initial_metadata_value"], "the initial metadata came back as \(initial)")
    let trailing = receipt.trailingMetadata.allBinary("x-grpc-test-echo-trailing-bin")
    try require(trailing == [[0xAB, 0xAB, 0xAB]], "the trailing metadata came back as \(trailing)")
  }

  func statusCodeAndMessage() async throws -> String? {
    let status = GRPCTesting.EchoStatus(code: StatusCode.unknown.rawValue, message: "test status message")
    let fromUnary = try await Self.failure(.unknown) {
      _ = try await client.unaryCall(GRPCTesting.SimpleRequest(responseStatus: status))
    }
    try require(fromUnary.message == status.message, "the message of the unary call is \"\(fromUnary.message)\"")
    let fromStream = try await Self.failure(.unknown) {
      try await client.fullDuplexCall { requests, responses in
        try await requests.write(GRPCTesting.StreamingOutputCallRequest(responseStatus: status))
        requests.finish()
        while try await responses.next() != nil {}
      }
    }
    try require(fromStream.message == status.message, "the message of the streaming call is \"\(fromStream.message)\"")
    return nil
  }

  func specialStatusMessage() async throws -> String? {
    let text = "\t\ntest with whitespace\r\nand Unicode BMP \u{263A} and non-BMP \u{1F608}\t\n"
    let request = GRPCTesting.SimpleRequest(responseStatus: GRPCTesting.EchoStatus(code: StatusCode.unknown.rawValue, message: text))
    let error = try await Self.failure(.unknown) { _ = try await client.unaryCall(request) }
    try require(Array(error.message.utf8) == Array(text.utf8), "the message came back as \(error.message.debugDescription)")
    return nil
  }

  func unimplementedMethod() async throws -> String? {
    try await Self.failure(.unimplemented) { _ = try await client.unimplementedCall(GRPCTesting.Empty()) }
    return nil
  }

  func unimplementedService() async throws -> String? {
    let client = GRPCTesting.UnimplementedServiceClient(channel)
    try await Self.failure(.unimplemented) { _ = try await client.unimplementedCall(GRPCTesting.Empty()) }
    return nil
  }
}

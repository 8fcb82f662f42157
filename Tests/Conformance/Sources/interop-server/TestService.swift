import EventLoops
import InteropMessages
import RPC

/// `grpc.testing.TestService` as interop-test-descriptions.md wants it of a server.
struct TestService: GRPCTesting.TestServiceService {
  /// The largest body that a client may ask for.
  private static let bodyBytesMax: Int32 = 16 << 20
  private static let intervalMicrosecondsMax: Int32 = 60_000_000

  func emptyCall(_ request: GRPCTesting.Empty, context: ServerContext) async throws -> GRPCTesting.Empty {
    GRPCTesting.Empty()
  }

  func unaryCall(_ request: GRPCTesting.SimpleRequest, context: ServerContext) async throws -> GRPCTesting.SimpleResponse {
    try Self.check(request.expectCompressed, wasCompressed: context.requestWasCompressed)
    Self.echoMetadata(context)
    try Self.endIfAsked(request.responseStatus)
    context.compressesResponses = request.responseCompressed?.value ?? false
    return GRPCTesting.SimpleResponse(payload: try Self.payload(request.responseSize))
  }

  func streamingOutputCall(
    _ request: GRPCTesting.StreamingOutputCallRequest, to responses: RPCWriter<GRPCTesting.StreamingOutputCallResponse>, context: ServerContext
  ) async throws {
    Self.echoMetadata(context)
    context.compressesResponses = true
    try await Self.answer(request, responses, context)
  }

  func streamingInputCall(
    _ requests: RPCReader<GRPCTesting.StreamingInputCallRequest>, context: ServerContext
  ) async throws -> GRPCTesting.StreamingInputCallResponse {
    var total = 0
    while let request = try await requests.next() {
      try Self.check(request.expectCompressed, wasCompressed: requests.lastMessageWasCompressed)
      total += request.payload?.body.count ?? 0
    }
    return GRPCTesting.StreamingInputCallResponse(aggregatedPayloadSize: Int32(clamping: total))
  }

  func fullDuplexCall(
    _ requests: RPCReader<GRPCTesting.StreamingOutputCallRequest>, to responses: RPCWriter<GRPCTesting.StreamingOutputCallResponse>,
    context: ServerContext
  ) async throws {
    Self.echoMetadata(context)
    context.compressesResponses = true
    while let request = try await requests.next() { try await Self.answer(request, responses, context) }
  }

  func halfDuplexCall(
    _ requests: RPCReader<GRPCTesting.StreamingOutputCallRequest>, to responses: RPCWriter<GRPCTesting.StreamingOutputCallResponse>,
    context: ServerContext
  ) async throws {
    var all: [GRPCTesting.StreamingOutputCallRequest] = []
    while let request = try await requests.next() {
      guard all.count < 1_000 else { throw RPCError(.resourceExhausted, "too many requests before the first answer") }
      all.append(request)
    }
    for request in all { try await Self.answer(request, responses, context) }
  }

  func unimplementedCall(_ request: GRPCTesting.Empty, context: ServerContext) async throws -> GRPCTesting.Empty {
    throw RPCError(.unimplemented, "this method is not implemented, as its name says")
  }

  // MARK: What the methods share

  private static func answer(
    _ request: GRPCTesting.StreamingOutputCallRequest, _ responses: RPCWriter<GRPCTesting.StreamingOutputCallResponse>, _ context: ServerContext
  ) async throws {
    try endIfAsked(request.responseStatus)
    for parameters in request.responseParameters {
      guard (0...intervalMicrosecondsMax).contains(parameters.intervalUs) else {
        throw RPCError(.invalidArgument, "response_parameters.interval_us must be from 0 to \(intervalMicrosecondsMax)")
      }
      if parameters.intervalUs > 0 { try await context.loop.sleep(milliseconds: UInt64(parameters.intervalUs + 999) / 1_000) }
      let response = GRPCTesting.StreamingOutputCallResponse(payload: try payload(parameters.size))
      try await responses.write(response, mayCompress: parameters.compressed?.value ?? false)
    }
  }

  private static func check(_ expected: GRPCTesting.BoolValue?, wasCompressed: Bool) throws {
    guard let expected, expected.value != wasCompressed else { return }
    throw RPCError(.invalidArgument, "the message should have come \(expected.value ? "compressed" : "as it is")")
  }

  private static func payload(_ size: Int32) throws -> GRPCTesting.Payload {
    guard (0...bodyBytesMax).contains(size) else { throw RPCError(.invalidArgument, "a body has from 0 to \(bodyBytesMax) bytes") }
    return GRPCTesting.Payload(type: .compressable, body: [UInt8](repeating: 0, count: Int(size)))
  }

  private static func endIfAsked(_ status: GRPCTesting.EchoStatus?) throws {
    guard let status, status.code != 0 else { return }
    throw RPCError(StatusCode(rawValue: status.code) ?? .unknown, status.message)
  }

  /// The two keys that a client gets back, one before the messages and one after them.
  private static func echoMetadata(_ context: ServerContext) {
    for value in context.metadata.all("x-grpc-test-echo-initial") { context.responseMetadata.add("x-grpc-test-echo-initial", value) }
    for value in context.metadata.allBinary("x-grpc-test-echo-trailing-bin") {
      context.responseTrailers.addBinary("x-grpc-test-echo-trailing-bin", value)
    }
  }
}

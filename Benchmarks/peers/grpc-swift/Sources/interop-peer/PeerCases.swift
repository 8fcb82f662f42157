import Foundation
import GRPCCore
import SwiftProtobuf

struct Mismatch: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

func require(_ condition: Bool, _ otherwise: @autoclosure () -> String) throws {
  if !condition { throw Mismatch(otherwise()) }
}

/// gRPC's interoperability cases on grpc-swift-2's client. It does not tell a caller whether a message came compressed, and compresses all
/// messages of a call or none: server_compressed_* ask for compression and look at what arrives, client_compressed_streaming sends both of
/// its messages compressed.
struct PeerCases<Transport: ClientTransport> {
  typealias Stream = Grpc_Testing_StreamingOutputCallRequest

  let client: GRPCClient<Transport>
  var service: Grpc_Testing_TestService.Client<Transport> { Grpc_Testing_TestService.Client(wrapping: client) }

  private var plain: CallOptions { Self.options() }
  private let requestSizes: [Int32] = [27_182, 8, 1_828, 45_904]
  private let responseSizes: [Int32] = [31_415, 9, 2_653, 58_979]

  static func options(compressed: Bool = false, milliseconds: Int = 20_000) -> CallOptions {
    var options = CallOptions.defaults
    options.timeout = .milliseconds(milliseconds)
    options.compression = compressed ? .gzip : nil
    return options
  }

  func run(_ name: String) async throws {
    switch name {
    case "empty_unary": _ = try await service.emptyCall(Grpc_Testing_Empty(), options: plain)
    case "large_unary": try await unary(largeRequest)
    case "client_compressed_unary": try await clientCompressedUnary()
    case "server_compressed_unary":
      for wanted in [true, false] {
        var request = largeRequest
        request.responseCompressed.value = wanted
        try await unary(request)
      }
    case "client_streaming": try await input(requestSizes.map { (size: $0, expectsCompressed: nil) }, plain, total: 74_922)
    case "client_compressed_streaming": try await clientCompressedStreaming()
    case "server_streaming": try await output(streamRequest(responseSizes), sizes: responseSizes)
    case "server_compressed_streaming":
      var request = streamRequest([31_415, 92_653])
      request.responseParameters[0].compressed.value = true
      request.responseParameters[1].compressed.value = false
      try await output(request, sizes: [31_415, 92_653])
    case "ping_pong": try await pingPong()
    case "empty_stream": try await duplex([], sizes: [])
    case "custom_metadata": try await customMetadata()
    case "status_code_and_message": try await status("test status message", streamingToo: true)
    case "special_status_message":
      try await status("\t\ntest with whitespace\r\nand Unicode BMP \u{263A} and non-BMP \u{1F608}\t\n", streamingToo: false)
    case "unimplemented_method":
      try await fails(.unimplemented) { _ = try await service.unimplementedCall(Grpc_Testing_Empty(), options: plain) }
    case "unimplemented_service":
      let other = Grpc_Testing_UnimplementedService.Client(wrapping: client)
      try await fails(.unimplemented) { _ = try await other.unimplementedCall(Grpc_Testing_Empty(), options: plain) }
    case "cancel_after_begin": try await cancelAfterBegin()
    case "cancel_after_first_response": try await cancelAfterFirstResponse()
    case "timeout_on_sleeping_server": try await timeoutOnSleepingServer()
    default: throw Mismatch("unknown test case")
    }
  }

  // MARK: The longer cases

  private func clientCompressedUnary() async throws {
    var request = largeRequest
    request.expectCompressed.value = true
    try await fails(.invalidArgument) { [request] in try await unary(request) }
    try await unary(request, Self.options(compressed: true))
    request.expectCompressed.value = false
    try await unary(request)
  }

  private func clientCompressedStreaming() async throws {
    let messages: [(size: Int32, expectsCompressed: Bool?)] = [(27_182, true), (45_904, true)]
    try await fails(.invalidArgument) { try await input(messages, plain, total: 0) }
    try await input(messages, Self.options(compressed: true), total: 73_086)
  }

  private func pingPong() async throws {
    let (turns, turn) = AsyncStream.makeStream(of: Void.self)
    let sizes = Array(zip(requestSizes, responseSizes))
    let request = StreamingClientRequest<Stream> { writer in
      var iterator = turns.makeAsyncIterator()
      for (requestSize, responseSize) in sizes {
        try await writer.write(streamRequest([responseSize], payload: requestSize))
        await iterator.next()
      }
    }
    let received = try await service.fullDuplexCall(request: request, options: plain) { response in
      var received: [Int32] = []
      for try await message in response.messages {
        received.append(Int32(message.payload.body.count))
        turn.yield()
      }
      return received
    }
    try require(received == responseSizes, "the responses have \(received) bytes")
  }

  private func customMetadata() async throws {
    var metadata: Metadata = ["x-grpc-test-echo-initial": "test_initial_metadata_value"]
    metadata.addBinary([0xAB, 0xAB, 0xAB], forKey: "x-grpc-test-echo-trailing-bin")
    @Sendable func check(_ initial: Metadata, _ trailing: Metadata) throws {
      let first = Array(initial[stringValues: "x-grpc-test-echo-initial"])
      try require(first == ["test_initial_metadata_value"], "the initial metadata came back as \(first)")
      let last = Array(trailing[binaryValues: "x-grpc-test-echo-trailing-bin"])
      try require(last == [[0xAB, 0xAB, 0xAB]], "the trailing metadata came back as \(last)")
    }
    try await service.unaryCall(request: ClientRequest(message: largeRequest, metadata: metadata), options: plain) { response in
      try require(try response.message.payload.body.count == 314_159, "the response has not the 314159 bytes asked for")
      try check(response.metadata, response.trailingMetadata)
    }
    let request = StreamingClientRequest<Stream>(metadata: metadata) { try await $0.write(streamRequest([314_159], payload: 271_828)) }
    try await service.fullDuplexCall(request: request, options: plain) { response in
      var trailing = Metadata()
      for try await part in response.bodyParts {
        if case .trailingMetadata(let last) = part { trailing = last }
      }
      try check(response.metadata, trailing)
    }
  }

  private func status(_ text: String, streamingToo: Bool) async throws {
    let wanted = Grpc_Testing_EchoStatus.with {
      $0.code = 2
      $0.message = text
    }
    let fromUnary = try await fails(.unknown) { _ = try await service.unaryCall(.with { $0.responseStatus = wanted }, options: plain) }
    try require(Array(fromUnary.message.utf8) == Array(text.utf8), "the message came back as \(fromUnary.message.debugDescription)")
    guard streamingToo else { return }
    let fromStream = try await fails(.unknown) { try await duplex([.with { $0.responseStatus = wanted }], sizes: []) }
    try require(fromStream.message == text, "the message came back as \(fromStream.message.debugDescription)")
  }

  private func cancelAfterBegin() async throws {
    let call = Task {
      let request = StreamingClientRequest<Grpc_Testing_StreamingInputCallRequest> { _ in try await Task.sleep(for: .seconds(20)) }
      _ = try await service.streamingInputCall(request: request, options: plain) { try $0.message }
    }
    try await Task.sleep(for: .milliseconds(100))
    call.cancel()
    try await isCancelled { try await call.value }
  }

  private func cancelAfterFirstResponse() async throws {
    let (answers, answered) = AsyncStream.makeStream(of: Void.self)
    let call = Task {
      let request = StreamingClientRequest<Stream> { writer in
        try await writer.write(streamRequest([31_415], payload: 27_182))
        try await Task.sleep(for: .seconds(20))
      }
      try await service.fullDuplexCall(request: request, options: plain) { response in
        for try await _ in response.messages { answered.yield() }
      }
    }
    for await _ in answers { break }
    call.cancel()
    try await isCancelled { try await call.value }
  }

  private func timeoutOnSleepingServer() async throws {
    let request = StreamingClientRequest<Stream> { writer in
      try await writer.write(.with { $0.payload = PeerService.payload(27_182) })
      try await Task.sleep(for: .seconds(20))
    }
    try await fails(.deadlineExceeded) {
      try await service.fullDuplexCall(request: request, options: Self.options(milliseconds: 1)) { response in
        for try await _ in response.messages {}
      }
    }
  }

  // MARK: What they share

  private var largeRequest: Grpc_Testing_SimpleRequest {
    .with {
      $0.responseSize = 314_159
      $0.payload = PeerService.payload(271_828)
    }
  }

  private func streamRequest(_ sizes: [Int32], payload: Int32 = 0) -> Stream {
    .with {
      $0.responseParameters = sizes.map { size in .with { $0.size = size } }
      $0.payload = PeerService.payload(payload)
    }
  }

  private func unary(_ request: Grpc_Testing_SimpleRequest, _ options: CallOptions? = nil) async throws {
    let response = try await service.unaryCall(request, options: options ?? plain)
    try require(response.payload.body == Data(count: 314_159), "the response has \(response.payload.body.count) bytes instead of 314159 zeros")
  }

  private func input(_ messages: [(size: Int32, expectsCompressed: Bool?)], _ options: CallOptions, total: Int32) async throws {
    let request = StreamingClientRequest<Grpc_Testing_StreamingInputCallRequest> { writer in
      for (size, expected) in messages {
        try await writer.write(
          .with {
            $0.payload = PeerService.payload(size)
            if let expected { $0.expectCompressed.value = expected }
          })
      }
    }
    let response = try await service.streamingInputCall(request: request, options: options) { try $0.message }
    try require(response.aggregatedPayloadSize == total, "the server counted \(response.aggregatedPayloadSize) bytes")
  }

  private func output(_ request: Stream, sizes: [Int32]) async throws {
    let received = try await service.streamingOutputCall(request, options: plain) { response in
      var received: [Int32] = []
      for try await message in response.messages { received.append(Int32(message.payload.body.count)) }
      return received
    }
    try require(received == sizes, "the responses have \(received) bytes")
  }

  private func duplex(_ requests: [Stream], sizes: [Int32]) async throws {
    let request = StreamingClientRequest<Stream> { for one in requests { try await $0.write(one) } }
    let received = try await service.fullDuplexCall(request: request, options: plain) { response in
      var received: [Int32] = []
      for try await message in response.messages { received.append(Int32(message.payload.body.count)) }
      return received
    }
    try require(received == sizes, "the responses have \(received) bytes")
  }

  @discardableResult
  private func fails(_ code: RPCError.Code, _ body: () async throws -> Void) async throws -> RPCError {
    do {
      try await body()
    } catch let error as RPCError {
      try require(error.code == code, "failed with \(error) instead of \(code)")
      return error
    }
    throw Mismatch("succeeded, and should have failed with \(code)")
  }

  /// The library ends a cancelled call with an `RPCError` or with Swift's own error, wherever the cancellation finds it, and with
  /// UNAVAILABLE where the closing of its own stream is faster (in a third of the runs against its own server).
  private func isCancelled(_ body: () async throws -> Void) async throws {
    do {
      try await body()
    } catch is CancellationError {
      return
    } catch let error as RPCError {
      let isCancellation = error.code == .cancelled || error.code == .unavailable || error.cause is CancellationError
      return try require(isCancellation, "failed with \(error) instead of cancelled")
    }
    throw Mismatch("succeeded, and should have been cancelled")
  }
}

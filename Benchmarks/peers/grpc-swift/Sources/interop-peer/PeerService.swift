import Foundation
import GRPCCore
import SwiftProtobuf

/// `grpc.testing.TestService` on grpc-swift-2. The library does not tell a handler whether a message came compressed and compresses all
/// messages of a call or none, so the fields about compression are not looked at.
struct PeerService: Grpc_Testing_TestService.ServiceProtocol {
  typealias OutputRequest = Grpc_Testing_StreamingOutputCallRequest
  typealias OutputResponse = Grpc_Testing_StreamingOutputCallResponse

  func emptyCall(request: ServerRequest<Grpc_Testing_Empty>, context: ServerContext) async throws -> ServerResponse<Grpc_Testing_Empty> {
    ServerResponse(message: Grpc_Testing_Empty())
  }

  func unaryCall(
    request: ServerRequest<Grpc_Testing_SimpleRequest>, context: ServerContext
  ) async throws -> ServerResponse<Grpc_Testing_SimpleResponse> {
    try Self.endIfAsked(request.message.responseStatus)
    let response = Grpc_Testing_SimpleResponse.with { $0.payload = Self.payload(request.message.responseSize) }
    let (initial, trailing) = Self.echoed(request.metadata)
    return ServerResponse(message: response, metadata: initial, trailingMetadata: trailing)
  }

  func streamingOutputCall(
    request: ServerRequest<OutputRequest>, context: ServerContext
  ) async throws -> StreamingServerResponse<OutputResponse> {
    StreamingServerResponse { writer in
      try await Self.answer(request.message, writer)
      return [:]
    }
  }

  func streamingInputCall(
    request: StreamingServerRequest<Grpc_Testing_StreamingInputCallRequest>, context: ServerContext
  ) async throws -> ServerResponse<Grpc_Testing_StreamingInputCallResponse> {
    var total = 0
    for try await message in request.messages { total += message.payload.body.count }
    return ServerResponse(message: .with { [total] in $0.aggregatedPayloadSize = Int32(total) })
  }

  func fullDuplexCall(
    request: StreamingServerRequest<OutputRequest>, context: ServerContext
  ) async throws -> StreamingServerResponse<OutputResponse> {
    let (initial, trailing) = Self.echoed(request.metadata)
    return StreamingServerResponse(metadata: initial) { writer in
      for try await message in request.messages { try await Self.answer(message, writer) }
      return trailing
    }
  }

  func halfDuplexCall(
    request: StreamingServerRequest<OutputRequest>, context: ServerContext
  ) async throws -> StreamingServerResponse<OutputResponse> {
    StreamingServerResponse { writer in
      var all: [OutputRequest] = []
      for try await message in request.messages { all.append(message) }
      for message in all { try await Self.answer(message, writer) }
      return [:]
    }
  }

  func unimplementedCall(request: ServerRequest<Grpc_Testing_Empty>, context: ServerContext) async throws -> ServerResponse<Grpc_Testing_Empty> {
    throw RPCError(code: .unimplemented, message: "as the name says")
  }

  static func payload(_ size: Int32) -> Grpc_Testing_Payload { .with { $0.body = Data(count: Int(size)) } }

  private static func answer(_ request: OutputRequest, _ writer: RPCWriter<OutputResponse>) async throws {
    try endIfAsked(request.responseStatus)
    for parameters in request.responseParameters {
      if parameters.intervalUs > 0 { try await Task.sleep(for: .microseconds(Int(parameters.intervalUs))) }
      try await writer.write(.with { $0.payload = payload(parameters.size) })
    }
  }

  private static func endIfAsked(_ status: Grpc_Testing_EchoStatus) throws {
    guard status.code != 0, let code = Status.Code(rawValue: Int(status.code)).flatMap({ RPCError.Code($0) }) else { return }
    throw RPCError(code: code, message: status.message)
  }

  private static func echoed(_ metadata: Metadata) -> (initial: Metadata, trailing: Metadata) {
    var (initial, trailing) = (Metadata(), Metadata())
    for value in metadata[stringValues: "x-grpc-test-echo-initial"] { initial.addString(value, forKey: "x-grpc-test-echo-initial") }
    for value in metadata[binaryValues: "x-grpc-test-echo-trailing-bin"] { trailing.addBinary(value, forKey: "x-grpc-test-echo-trailing-bin") }
    return (initial, trailing)
  }
}

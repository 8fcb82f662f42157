import InteropMessages
import RPC

/// A case did not go as interop-test-descriptions.md says.
struct Mismatch: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

func require(_ condition: Bool, _ otherwise: @autoclosure () -> String) throws {
  if !condition { throw Mismatch(otherwise()) }
}

/// The cases by name. What they do stands in the extensions, by theme. Belongs to the loop of the channel.
struct InteropCases: Sendable {
  let channel: RPCChannel
  var client: GRPCTesting.TestServiceClient { GRPCTesting.TestServiceClient(channel) }

  typealias Case = @Sendable (InteropCases) async throws -> String?

  static let names = table.map(\.name)

  private static let table: [(name: String, body: Case)] = [
    ("empty_unary", { try await $0.emptyUnary() }),
    ("large_unary", { try await $0.largeUnary() }),
    ("client_compressed_unary", { try await $0.clientCompressedUnary() }),
    ("server_compressed_unary", { try await $0.serverCompressedUnary() }),
    ("client_streaming", { try await $0.clientStreaming() }),
    ("client_compressed_streaming", { try await $0.clientCompressedStreaming() }),
    ("server_streaming", { try await $0.serverStreaming() }),
    ("server_compressed_streaming", { try await $0.serverCompressedStreaming() }),
    ("ping_pong", { try await $0.pingPong() }),
    ("empty_stream", { try await $0.emptyStream() }),
    ("custom_metadata", { try await $0.customMetadata() }),
    ("status_code_and_message", { try await $0.statusCodeAndMessage() }),
    ("special_status_message", { try await $0.specialStatusMessage() }),
    ("unimplemented_method", { try await $0.unimplementedMethod() }),
    ("unimplemented_service", { try await $0.unimplementedService() }),
    ("cancel_after_begin", { try await $0.cancelAfterBegin() }),
    ("cancel_after_first_response", { try await $0.cancelAfterFirstResponse() }),
    ("timeout_on_sleeping_server", { try await $0.timeoutOnSleepingServer() }),
    ("goaway", { try await $0.goaway() }),
    ("rst_after_header", { try await $0.reset() }),
    ("rst_during_data", { try await $0.reset() }),
    ("rst_after_data", { try await $0.reset() }),
    ("ping", { try await $0.ping() }),
    ("max_streams", { try await $0.maxStreams() }),
  ]

  /// Returns a remark for whoever reads the output, or nil.
  func run(_ name: String) async throws -> String? {
    guard let found = Self.table.first(where: { $0.name == name }) else { throw Mismatch("unknown test case") }
    return try await found.body(self)
  }

  // MARK: What the cases share

  static func payload(_ size: Int) -> GRPCTesting.Payload { GRPCTesting.Payload(type: .compressable, body: [UInt8](repeating: 0, count: size)) }

  static func largeRequest() -> GRPCTesting.SimpleRequest {
    GRPCTesting.SimpleRequest(responseType: .compressable, responseSize: 314_159, payload: payload(271_828))
  }

  static func check(_ response: GRPCTesting.SimpleResponse, size: Int = 314_159) throws {
    let body = response.payload?.body ?? []
    try require(body.count == size, "the response has \(body.count) bytes instead of \(size)")
    try require(body.allSatisfy { $0 == 0 }, "the response is not all zeros")
  }

  /// The status of a call that must fail with `code`.
  @discardableResult
  static func failure(_ code: StatusCode, _ body: () async throws -> Void) async throws -> RPCError {
    do {
      try await body()
    } catch let error as RPCError {
      try require(error.code == code, "failed with \(error) instead of \(code)")
      return error
    }
    throw Mismatch("succeeded, and should have failed with \(code)")
  }
}

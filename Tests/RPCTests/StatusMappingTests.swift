import EventLoops
import HTTP2
import RPC
import Testing

/// What the client makes of answers that are not what gRPC asks for (http-grpc-status-mapping.md, statuscodes.md, the table of
/// RST_STREAM codes in PROTOCOL-HTTP2.md).
@Suite("Mapping of failures to statuses", .timeLimit(.minutes(1)))
struct StatusMappingTests {
  private static let method = MethodDescriptor(service: "test.Any", method: "Any")
  private static let proper = [(":status", "200"), ("content-type", "application/grpc")]

  private static func answer(_ answer: @escaping @Sendable (ScriptedHTTP2Server.Stream) -> Void) async throws -> RPCError {
    let error = Caught()
    try await Harness.run { harness in
      let server = try ScriptedHTTP2Server(harness.loop) { stream, _ in answer(stream) }
      let channel = RPCChannel(target: RPCTarget(server.address), loop: harness.loop)
      defer {
        channel.close()
        server.close()
      }
      error.value = try await failure { () -> Blob in
        try await channel.unary(method, Blob("a"), options: CallOptions(timeoutMilliseconds: 20_000))
      }
    }
    return error.value
  }

  @Test(arguments: [
    ("400", StatusCode.internalError), ("401", .unauthenticated), ("403", .permissionDenied), ("404", .unimplemented), ("429", .unavailable),
    ("502", .unavailable), ("503", .unavailable), ("504", .unavailable), ("500", .unknown), ("418", .unknown), ("200", .unknown), ("302", .unknown),
  ])
  func httpStatuses(status: String, expected: StatusCode) async throws {
    let error = try await Self.answer { $0.answer([(":status", status), ("content-type", "text/html")], trailers: [], body: Array("<html>".utf8)) }
    #expect(error.code == expected)
    #expect(error.message.contains(status))
  }

  @Test(arguments: [
    (UInt32(0), StatusCode.internalError), (1, .internalError), (2, .internalError), (3, .internalError), (4, .internalError), (5, .internalError),
    (6, .internalError), (8, .cancelled), (9, .internalError), (10, .internalError), (11, .resourceExhausted), (12, .permissionDenied),
    // Three times, then it is what the caller is told.
    (7, .unavailable),
  ])
  func resets(code: UInt32, expected: StatusCode) async throws {
    let error = try await Self.answer { $0.reset(HTTP2ErrorCode(rawValue: code)) }
    #expect(error.code == expected)
  }

  @Test(arguments: [
    ("17", StatusCode.unknown), ("-1", .unknown), ("five", .unknown), ("", .unknown), ("5", .notFound), ("16", .unauthenticated), ("1", .cancelled),
  ])
  func statusNumbers(text: String, expected: StatusCode) async throws {
    let alone = try await Self.answer { $0.answer(Self.proper + [("grpc-status", text)]) }
    #expect(alone.code == expected)
    let trailing = try await Self.answer { $0.answer(Self.proper, trailers: [("grpc-status", text), ("grpc-message", "100%25 %zz%C3%A4")]) }
    #expect(trailing.code == expected)
    if (1...16).contains(Int(text) ?? 0) { #expect(trailing.message == "100% %zzä") }
  }

  @Test func missingPieces() async throws {
    let noStatus = try await Self.answer { $0.answer(Self.proper, trailers: [("x", "y")]) }
    #expect(noStatus.code == .unknown)
    let noTrailers = try await Self.answer { stream in
      stream.respond({ () -> HTTP2Fields in
        let fields = HTTP2Fields()
        for (name, value) in Self.proper { fields.add(name, value) }
        return fields
      }())
      stream.finish()
    }
    #expect(noTrailers.code == .internalError || noTrailers.code == .unknown)
    let noMessage = try await Self.answer { $0.answer(Self.proper, trailers: [("grpc-status", "0")]) }
    #expect(noMessage.code == .unimplemented)
    let two = try await Self.answer { $0.answer(Self.proper, trailers: [("grpc-status", "0")], body: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) }
    #expect(two.code == .unimplemented)
    let half = try await Self.answer { $0.answer(Self.proper, trailers: [("grpc-status", "0")], body: [0, 0, 0, 0, 9, 1]) }
    #expect(half.code == .internalError || half.code == .unimplemented)
  }

  @Test func compressionThatWasNotAgreedOn() async throws {
    let flagged = try await Self.answer { $0.answer(Self.proper, trailers: [("grpc-status", "0")], body: [1, 0, 0, 0, 1, 0]) }
    #expect(flagged.code == .internalError)
    #expect(flagged.message.contains("grpc-encoding"))
    let unknown = try await Self.answer { $0.answer(Self.proper + [("grpc-encoding", "snappy")], trailers: [("grpc-status", "0")]) }
    #expect(unknown.code == .internalError)
    let broken = try await Self.answer {
      $0.answer(Self.proper + [("grpc-encoding", "gzip")], trailers: [("grpc-status", "0")], body: [1, 0, 0, 0, 3, 1, 2, 3])
    }
    #expect(broken.code == .internalError)
    let badFlag = try await Self.answer { $0.answer(Self.proper, trailers: [("grpc-status", "0")], body: [9, 0, 0, 0, 0]) }
    #expect(badFlag.code == .internalError)
  }

  @Test func headersThatAreTooLarge() async throws {
    let error = try await Self.answer { stream in
      let many = (0..<40).map { ("x-\($0)", String(repeating: "v", count: 1_000)) }
      stream.answer(Self.proper + many, trailers: [("grpc-status", "0")])
    }
    #expect(error.code == .resourceExhausted)
  }

  private final class Caught: @unchecked Sendable {
    var value = RPCError(.ok, "")
  }
}

import EventLoops
import RPC
import Testing

@Suite("Standard details of errors", .timeLimit(.minutes(1)))
struct StandardDetailTests {
  @Test func theyTravelWithAnError() async throws {
    try await Harness.run { harness in
      let error = try await failure { () -> Blob in try await harness.channel.unary(EchoService.detailed, Blob()) }
      #expect(error.detail(BadRequest.self)?.fieldViolations.map(\.field) == ["chunks[3].size", "näme"])
      #expect(error.detail(ErrorInfo.self)?.metadata == ["limit": "5", "unit": "bytes"])
      #expect(error.detail(RetryInfo.self) == RetryInfo(retryDelayMilliseconds: 1_500))
    }
  }

  @Test func theFirstOnesThatFitAreSent() async throws {
    let method = MethodDescriptor(service: "test.Details", method: "Many")
    try await Harness.run(router: { router in
      router.unary(method) { (request: Blob, _) -> Blob in
        throw RPCError(.aborted, "too much to say")
          .with(BadRequest(field: "a", "small"))
          .with(ErrorInfo(reason: String(repeating: "R", count: Int(request.text) ?? 0), domain: "test"))
          .with(RetryInfo(retryDelayMilliseconds: 1))
      }
    }) { harness in
      let all = try await failure { () -> Blob in try await harness.channel.unary(method, Blob("4000")) }
      #expect(all.details.count == 3)
      let some = try await failure { () -> Blob in try await harness.channel.unary(method, Blob("40000")) }
      #expect(some.details.count == 1)
      #expect(some.detail(BadRequest.self)?.fieldViolations.first?.field == "a")
      #expect(some.message == "too much to say")
    }
  }

  @Test func brokenBytesAreNoDetail() {
    for bytes: [UInt8] in [[0x0A], [0x0A, 5, 1], [0xFF, 0xFF]] {
      #expect(BadRequest(encoded: bytes) == nil)
      #expect(ErrorInfo(encoded: bytes) == nil)
      #expect(RetryInfo(encoded: bytes) == nil)
    }
    // A length past the end, text that is not UTF-8.
    for nested: [UInt8] in [[0x0A, 2, 0x0A, 9], [0x0A, 3, 0x0A, 1, 0xFF]] { #expect(BadRequest(encoded: nested) == nil) }
    #expect(ErrorInfo(encoded: [0x0A, 1, 0xFF]) == nil)
    #expect(ErrorInfo(encoded: [0x1A, 3, 0x0A, 1, 0xFF]) == nil)
    #expect(RetryInfo(encoded: [0x0A, 2, 0x08]) == nil)
    // seconds = -1
    let negative: [UInt8] = [0x0A, 11, 0x08] + [UInt8](repeating: 0xFF, count: 9) + [1]
    #expect(RetryInfo(encoded: negative)?.retryDelayMilliseconds == 0)
    #expect(BadRequest(encoded: [])?.fieldViolations.isEmpty == true)
  }

  @Test func theFirstReadableOneCounts() {
    let broken = StatusDetail(typeURL: RetryInfo.typeURL, value: [0x0A, 9])
    let error = RPCError(.unavailable, "", details: [broken]).with(RetryInfo(retryDelayMilliseconds: 7))
    #expect(error.detail(RetryInfo.self)?.retryDelayMilliseconds == 7)
    #expect(error.detail(ErrorInfo.self) == nil)
  }
}

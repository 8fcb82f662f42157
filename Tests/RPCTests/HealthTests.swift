import Contracts
import EventLoops
import RPC
import RPCServices
import Testing

@Suite("Health and reflection", .timeLimit(.minutes(1)))
struct HealthTests {
  private final class Held: @unchecked Sendable {
    var health: HealthService?
  }

  private static func withHealth(_ body: @escaping @Sendable (borrowing Harness, HealthService) async throws -> Void) async throws {
    let held = Held()
    try await Harness.run(router: { router in
      if let loop = EventLoop.current { held.health = router.addOperations(loop: loop) }
    }) { harness in
      try await body(harness, #require(held.health))
    }
  }

  @Test func watchersLearnOfEveryChange() async throws {
    try await Self.withHealth { harness, health in
      let client = GRPCHealthV1.HealthClient(harness.channel)
      let request = GRPCHealthV1.HealthCheckRequest(service: "test.Echo")
      #expect(try await client.check(request).status == .notServing)
      let ended = try await failure {
        try await client.watch(request) { statuses in
          #expect(try await statuses.next()?.status == .notServing)
          health.setStatus(.serving, for: "test.Echo")
          #expect(try await statuses.next()?.status == .serving)
          health.shutDown()
          #expect(try await statuses.next()?.status == .notServing)
          _ = try await statuses.next()
        }
      }
      #expect(ended.code == .unavailable, "a watcher must not hold up a drain")
      health.setStatus(.serving, for: "test.Echo")
      #expect(try await client.check(request).status == .notServing, "shut down is for good")
    }
  }

  @Test func unknownServices() async throws {
    try await Self.withHealth { harness, health in
      let client = GRPCHealthV1.HealthClient(harness.channel)
      let request = GRPCHealthV1.HealthCheckRequest(service: "later")
      let error = try await failure { try await client.check(request) }
      #expect(error.code == .notFound)
      try await client.watch(request) { statuses in
        let before = try await statuses.next()?.status
        #expect(before == .serviceUnknown)
        health.setStatus(.serving, for: "later")
        let after = try await statuses.next()?.status
        #expect(after == .serving)
      }
      let all = try await client.list(GRPCHealthV1.HealthListRequest())
      #expect(all.statuses["later"]?.status == .serving)
      #expect(all.statuses[""]?.status == .notServing)
    }
  }

  @Test func reflectionAnswersEachQuestion() async throws {
    try await Self.withHealth { harness, _ in
      let client = GRPCReflectionV1.ServerReflectionClient(harness.channel)
      try await client.serverReflectionInfo { requests, answers in
        func ask(_ question: GRPCReflectionV1.ServerReflectionRequest.MessageRequest?) async throws -> GRPCReflectionV1.ServerReflectionResponse {
          try await requests.write(GRPCReflectionV1.ServerReflectionRequest(host: "here", messageRequest: question))
          return try #require(try await answers.next())
        }
        guard case .fileDescriptorResponse(let files)? = try await ask(.fileByFilename("jetty/v1/types.proto")).messageResponse else {
          Issue.record("no file")
          return
        }
        #expect(files.fileDescriptorProto.count >= 2, "the file and what it imports")
        let extended = try await ask(.allExtensionNumbersOfType("google.protobuf.MethodOptions"))
        guard case .allExtensionNumbersResponse(let numbers)? = extended.messageResponse else {
          Issue.record("no numbers")
          return
        }
        #expect(numbers.extensionNumber.contains(72_295_728), "google.api.http")
        let one = GRPCReflectionV1.ExtensionRequest(containingType: "google.protobuf.MethodOptions", extensionNumber: 72_295_728)
        guard case .fileDescriptorResponse? = try await ask(.fileContainingExtension(one)).messageResponse else {
          Issue.record("no extension")
          return
        }
        for question in [.fileContainingSymbol("no.Such"), nil] as [GRPCReflectionV1.ServerReflectionRequest.MessageRequest?] {
          guard case .errorResponse? = try await ask(question).messageResponse else {
            Issue.record("no error for \(String(describing: question))")
            return
          }
        }
        requests.finish()
        #expect(try await answers.next() == nil)
      }
    }
  }
}

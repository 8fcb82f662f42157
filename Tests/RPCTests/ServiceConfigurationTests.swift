import EventLoops
import RPC
import Testing

@Suite("Configuration by method", .timeLimit(.minutes(1)))
struct ServiceConfigurationTests {
  @Test func theMostSpecificEntryCounts() {
    var service = ServiceConfiguration(default: MethodConfiguration(timeoutMilliseconds: 1))
    service.set(MethodConfiguration(timeoutMilliseconds: 2), forService: "test.Echo")
    service.set(MethodConfiguration(waitForReady: true), for: EchoService.sleep)
    #expect(service.configuration(for: MethodDescriptor(service: "other", method: "Unary"))?.timeoutMilliseconds == 1)
    #expect(service.configuration(for: EchoService.unary)?.timeoutMilliseconds == 2)
    #expect(service.configuration(for: EchoService.sleep) == MethodConfiguration(waitForReady: true), "nothing is taken over from the others")
    #expect(ServiceConfiguration().configuration(for: EchoService.unary) == nil)
  }

  @Test func theShortestTimeCounts() async throws {
    try await Harness.run(channel: { $0.service.set(MethodConfiguration(timeoutMilliseconds: 5_000), for: EchoService.remaining) }) { harness in
      func remaining(_ timeout: UInt64?) async throws -> Int {
        let answer: Blob = try await harness.channel.unary(EchoService.remaining, Blob(), options: CallOptions(timeoutMilliseconds: timeout))
        return Int(answer.text) ?? -1
      }
      let (configured, shorter, longer) = (try await remaining(nil), try await remaining(2_000), try await remaining(60_000))
      #expect((2_001...5_000).contains(configured))
      #expect((1...2_000).contains(shorter))
      #expect((2_001...5_000).contains(longer))
    }
  }

  @Test func waitingForAConnectionByMethod() async throws {
    try await Harness.run(channel: {
      $0.service.set(MethodConfiguration(timeoutMilliseconds: 300, waitForReady: true), for: EchoService.unary)
    }) { harness in
      harness.server.close()
      let patient = try await failure { () -> Blob in try await harness.channel.unary(EchoService.unary, Blob()) }
      #expect(patient.code == .deadlineExceeded)
      let other = try await failure { () -> Blob in try await harness.channel.unary(EchoService.remaining, Blob()) }
      #expect(other.code == .unavailable)
    }
  }
}

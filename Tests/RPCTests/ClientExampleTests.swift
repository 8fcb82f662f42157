import Contracts
import EventLoops
import Foundation
import RPC
import RPCServices
import Testing

/// The client of docs/RPC.md, run against a server of ours.
@Suite("The example of a client", .timeLimit(.minutes(1)))
struct ClientExampleTests {
  // From here on it stands in docs/RPC.md.
  static func askForHealth(at target: RPCTarget, on loop: EventLoop) async throws -> String {
    var configuration = RPCChannelConfiguration()
    configuration.loadBalancing = .pickFirst
    configuration.defaultTimeoutMilliseconds = 5_000
    // Reading may be repeated: at most three attempts, 50 ms and about 100 ms apart, and none while most calls fail.
    configuration.service = ServiceConfiguration(retryThrottling: RetryThrottling(tokensMax: 10, tokenRatio: 0.1))
    configuration.service.set(MethodConfiguration(retry: RetryPolicy(attemptsMax: 3)), forService: "grpc.health.v1.Health")

    let channel = RPCChannel(target: target, loop: loop, configuration: configuration)
    defer { channel.close() }
    channel.interceptors.append { method, options, next in
      var options = options
      options.metadata["x-request-id"] = "example"
      try await next(options)
    }

    let health = GRPCHealthV1.HealthClient(channel)
    let receipt = CallReceipt()
    do {
      // One request, one response; waits for the server to come up.
      let answer = try await health.check(.init(service: ""), options: CallOptions(waitForReady: true, receipt: receipt))
      // A stream: leaving the closure cancels the call, and so does cancelling the task.
      let first = try await health.watch(.init(service: "")) { statuses in try await statuses.next()?.status }
      return "\(answer.status) \(first == answer.status) attempts=\(receipt.attempts)"
    } catch let error as RPCError {
      let pause = error.detail(RetryInfo.self)?.retryDelayMilliseconds
      let fields = error.detail(BadRequest.self)?.fieldViolations.map(\.field) ?? []
      return "\(error.code): \(error.message), again in \(pause ?? 0) ms, wrong: \(fields)"
    }
  }
  // Up to here.

  @Test func itRuns() async throws {
    try await Harness.run(router: { router in
      if let loop = EventLoop.current { router.addOperations(loop: loop).setStatus(.serving, for: "") }
    }) { harness in
      let said = try await Self.askForHealth(at: RPCTarget(harness.address), on: harness.loop)
      #expect(said == "serving true attempts=1")
    }
  }

  @Test func theDocumentShowsWhatRuns() throws {
    func region(_ text: String, _ start: String, _ end: String) throws -> [Substring] {
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      let from = try #require(lines.firstIndex { $0.contains(start) })
      let to = try #require(lines[(from + 1)...].firstIndex { $0.contains(end) })
      return lines[(from + 1)..<to].map { $0.drop { $0 == " " } }
    }
    let source = try String(contentsOfFile: #filePath, encoding: .utf8)
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let document = try String(contentsOfFile: "/\(root)/docs/RPC.md", encoding: .utf8)
    #expect(try region(document, "```swift", "```") == region(source, "From here on", "Up to here"))
  }
}

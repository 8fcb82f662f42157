import EventLoops
import Testing

@testable import ServiceKit

@Suite("Readiness", .timeLimit(.minutes(1)))
struct ReadinessTests {
  private func obstacles(_ checks: [ReadinessCheck], started: Bool = true) async throws -> [String] {
    let loop = try EventLoop(name: "readiness")
    try loop.start()
    defer { loop.stop() }
    let state = ProcessState(checkMilliseconds: 50)
    state.setChecks(checks, on: loop)
    state.isStarted = started
    return await state.obstacles()
  }

  @Test("a check that finds nothing is no obstacle; one that does is named")
  func outcomes() async throws {
    let checks = [ReadinessCheck("fine") { nil }, ReadinessCheck("postgres") { "is away" }]
    #expect(try await obstacles(checks) == ["postgres: is away"])
  }

  @Test("a check that hangs is an obstacle")
  func hanging() async throws {
    let check = ReadinessCheck("redis") {
      try? await EventLoop.current?.sleep(milliseconds: 10_000)
      return nil
    }
    #expect(try await obstacles([check]) == ["redis: no answer within 50 ms"])
  }

  @Test("nothing is ready before it has started")
  func starting() async throws {
    #expect(try await obstacles([], started: false) == ["starting"])
  }
}

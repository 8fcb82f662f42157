import EventLoops
import Synchronization
import Testing

@testable import RPC

/// Tasks serve one call after the other: a call sees nothing of the one before it.
@Suite("Tasks of handlers", .timeLimit(.minutes(1)))
struct HandlerTaskTests {
  static let call = MethodDescriptor(service: "test.Tasks", method: "Call")

  @Test func callsThatWaitForNothingShareOneTask() async throws {
    try await Harness.run(router: { router in
      router.unary(Self.call) { (request: Blob, _) in Blob("\(request.text) \(Task.isCancelled)") }
    }) { harness in
      let channel = harness.channel
      try await withThrowingTaskGroup(of: String.self) { group in
        for index in 0..<100 { group.addTask { try await (channel.unary(Self.call, Blob("\(index)")) as Blob).text } }
        let answers = try await group.reduce(into: Set()) { $0.insert($1) }
        #expect(answers == Set((0..<100).map { "\($0) false" }))
      }
      #expect(harness.server.handlers.parkedCount == 1)
    }
  }

  @Test func callsThatWaitHaveATaskEach() async throws {
    try await Harness.run { harness in
      let channel = harness.channel
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<20 { group.addTask { let _: Blob = try await channel.unary(EchoService.sleep, Blob("50")) } }
        try await group.waitForAll()
      }
      try await eventually(on: harness.loop) { harness.server.handlers.parkedCount == 20 }
      harness.server.close()
      #expect(harness.server.handlers.parkedCount == 0)
    }
  }

  @Test func aCancelledTaskServesNoOtherCall() async throws {
    try await Harness.run(router: { router in
      router.unary(Self.call) { (request: Blob, context) in
        let wasCancelled = Task.isCancelled
        if request.text == "cancel" { withUnsafeCurrentTask { $0?.cancel() } }
        if request.text == "wait" {
          do { try await context.loop.sleep(milliseconds: 10_000) } catch {}
        }
        return Blob("\(wasCancelled)")
      }
    }) { harness in
      func ask(_ text: String, _ options: CallOptions = CallOptions()) async throws -> String {
        try await (harness.channel.unary(Self.call, Blob(text), options: options) as Blob).text
      }
      for _ in 0..<3 {
        #expect(try await ask("cancel") == "false")
        #expect(try await ask("look") == "false")
        let late = try await failure { _ = try await ask("wait", CallOptions(timeoutMilliseconds: 50)) }
        #expect(late.code == .deadlineExceeded)
        #expect(try await ask("look") == "false")
      }
      try await eventually(on: harness.loop) { harness.server.runningCalls == 0 }
    }
  }

  /// What a handler starts and leaves running inherits the call's context, and must go on seeing that call.
  @Test func aTaskThatOutlivesItsCallSeesThatCall() async throws {
    let seen = Mutex<[String]>([])
    let mayEnd = Mutex(false)
    try await Harness.run(router: { router in
      router.unary(Self.call) { (request: Blob, context) in
        let own = RPCContext.current?.requestID ?? "none"
        if request.text == "leave" {
          let loop = context.loop
          loop.spawn {
            while !mayEnd.withLock({ $0 }) {
              do { try await loop.sleep(milliseconds: 5) } catch { return }
            }
            let context = RPCContext.current
            seen.withLock { $0.append("\(context?.requestID ?? "none") \(context?.deadlineNanoseconds != nil)") }
          }
        }
        return Blob(own)
      }
    }) { harness in
      func ask(_ text: String, _ id: String, milliseconds: UInt64?) async throws -> String {
        let options = CallOptions(timeoutMilliseconds: milliseconds, metadata: ["jetty-request-id": id])
        return try await (harness.channel.unary(Self.call, Blob(text), options: options) as Blob).text
      }
      #expect(try await ask("leave", "first", milliseconds: 30_000) == "first")
      for index in 0..<5 { #expect(try await ask("look", "later-\(index)", milliseconds: nil) == "later-\(index)") }
      mayEnd.withLock { $0 = true }
      try await eventually(on: harness.loop) { seen.withLock { $0 } == ["first true"] }
    }
  }
}

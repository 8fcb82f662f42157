import AttackKit
import EventLoops
import RPC
import Testing
import TestSupport

/// Whoever goes away, at whatever point, leaves nothing behind: no stream, handler, call, timer or descriptor.
@Suite("Nothing is left behind", .serialized, .timeLimit(.minutes(5)))
struct LeakTests {
  static let waitingMethods = ["Sleep", "Redis", "Postgres", "Onward", "Offload", "Pour", "Take", "Chat"]

  enum Way: CaseIterable {
    case reset, fin, abort, deadline, task
  }

  private func run(_ body: @escaping @Sendable (LeakHarness) async throws -> Void) async throws {
    try await withEventLoop(seconds: 120) { loop in
      let harness = try LeakHarness(loop)
      let result: Result<Void, any Error>
      do {
        try await harness.warmUp()
        result = .success(try await body(harness))
      } catch { result = .failure(error) }
      harness.close()
      try await eventually(on: loop) { harness.server.openConnections == 0 && harness.server.runningCalls == 0 }
      try result.get()
    }
  }

  /// The connection ends after every single byte of a call: in the preface, in a frame's head, in the middle of the headers, of a message…
  @Test(arguments: ["Echo", "Pour", "Take", "Chat"], [false, true]) func aClientThatGoesAfterAnyByte(_ method: String, abruptly: Bool) async throws {
    try await run { harness in
      let before = try await harness.settledCounts()
      let conversation = RawCaller.conversation(method)
      for count in 0...conversation.count {
        let caller = try await RawCaller(port: harness.port, loop: harness.loop)
        caller.send(conversation.prefix(count))
        try await harness.loop.sleep(milliseconds: 1)
        caller.leave(abruptly: abruptly)
      }
      try await harness.expect(before, after: "\(conversation.count) connections that ended early")
    }
  }

  /// The handler waits for something when its client gives up.
  @Test(arguments: waitingMethods, Way.allCases) func aClientThatGivesUp(_ method: String, _ way: Way) async throws {
    try await run { harness in
      let before = try await harness.settledCounts()
      for _ in 0..<5 { try await giveUp(harness, method, way) }
      try await harness.expect(before, after: "\(way) during \(method)")
    }
  }

  private func giveUp(_ harness: LeakHarness, _ method: String, _ way: Way) async throws {
    let (loop, waits) = (harness.loop, harness.waits)
    let isStreaming = ["Pour", "Take", "Chat"].contains(method)
    if way == .task || way == .deadline {
      // Through our own client: its side must end clean as well.
      guard !isStreaming else { return try await giveUpStream(harness, method, way) }
      let channel = RPCChannel(target: RPCTarget(.loopback(port: harness.port)), loop: loop)
      let options = CallOptions(timeoutMilliseconds: way == .deadline ? 30 : nil)
      let call = loop.spawn {
        _ = try? await channel.unary(MethodDescriptor(service: "leak.Leak", method: method), Text("a"), options: options) as Text
      }
      try await eventually(on: loop) { harness.waits > waits }
      if way == .task { call.cancel() }
      await call.value
      channel.close()
      return
    }
    let caller = try await RawCaller(port: harness.port, loop: loop)
    caller.send(RawCaller.conversation(method) + (isStreaming && method != "Pour" ? [] : Frames.frame(0, 1, 1)))
    try await eventually(on: loop) { harness.waits > waits }
    // Long enough for what it pours to be stopped by the window.
    try await loop.sleep(milliseconds: 5)
    if way == .reset {
      caller.send(Frames.frame(3, 0, 1, [0, 0, 0, 8]))
      try await eventually(on: loop) { harness.server.openStreams == 0 || method == "Onward" }
    }
    caller.leave(abruptly: way == .abort)
  }

  private func giveUpStream(_ harness: LeakHarness, _ method: String, _ way: Way) async throws {
    let (loop, waits) = (harness.loop, harness.waits)
    let channel = RPCChannel(target: RPCTarget(.loopback(port: harness.port)), loop: loop)
    let options = CallOptions(timeoutMilliseconds: way == .deadline ? 30 : nil)
    let call = loop.spawn {
      let type: RPCType = method == "Pour" ? .serverStreaming : .bidirectional
      let descriptor = MethodDescriptor(service: "leak.Leak", method: method, type: type)
      do {
        if type == .serverStreaming {
          try await channel.serverStreaming(descriptor, Text("a"), options: options) { (responses: RPCReader<Text>) in
            _ = try await responses.next()
            try await loop.sleep(milliseconds: 60_000)
          }
        } else {
          try await channel.bidirectional(descriptor, options: options) { (requests: RPCWriter<Text>, responses: RPCReader<Text>) in
            try await requests.write(Text("b"))
            while try await responses.next() != nil {}
          }
        }
      } catch {}
    }
    try await eventually(on: loop) { harness.waits > waits }
    try await loop.sleep(milliseconds: 5)
    if way == .task { call.cancel() }
    // A deadline does not interrupt a consumer that sleeps on its own account.
    if way == .deadline, method == "Pour" {
      try await loop.sleep(milliseconds: 40)
      call.cancel()
    }
    await call.value
    channel.close()
  }

  /// The server is closed while handlers of every kind wait.
  @Test func aServerThatIsClosed() async throws {
    try await run { harness in
      var callers: [RawCaller] = []
      for method in Self.waitingMethods {
        let caller = try await RawCaller(port: harness.port, loop: harness.loop)
        caller.send(RawCaller.conversation(method) + (["Take", "Chat"].contains(method) ? [] : Frames.frame(0, 1, 1)))
        callers.append(caller)
      }
      try await eventually(on: harness.loop) { harness.waits >= Self.waitingMethods.count }
      harness.server.close()
      try await eventually(on: harness.loop) {
        harness.server.runningCalls == 0 && harness.server.liveCalls == 0 && harness.server.openConnections == 0
      }
      for caller in callers { caller.leave(abruptly: false) }
    }
  }
}

import EventLoops
import RPC
import Synchronization
import Testing

@Suite("Connections", .timeLimit(.minutes(1)))
struct ConnectionTests {
  @Test func aDrainFinishesWhatRuns() async throws {
    try await Harness.run { harness in
      let channel = harness.channel
      let server = harness.server
      let call = Task(executorPreference: harness.loop) { () -> Blob in try await channel.unary(EchoService.sleep, Blob("300")) }
      try await eventually(on: harness.loop) { server.runningCalls == 1 }
      let start = harness.loop.nowNanoseconds
      await server.shutdown()
      #expect(harness.loop.nowNanoseconds - start < 5_000_000_000)
      #expect(try await call.value.text == "300")
      #expect(server.openConnections == 0)
      let refused = try await failure { () -> Blob in try await channel.unary(EchoService.unary, Blob()) }
      #expect(refused.code == .unavailable)
    }
  }

  /// The last answer lies in the kernel's buffers, and its client sends a PING while it takes it.
  @Test func aDrainLosesNoAnswerThatIsUnderWay() async throws {
    try await Harness.run { harness in
      let client = try await RawConnection(to: harness.address, loop: harness.loop)
      let windows = RawConnection.frame(type: 4, flags: 0, stream: 0, [0, 4, 0x7F, 0xFF, 0xFF, 0xFF])
        + RawConnection.frame(type: 8, flags: 0, stream: 0, [0x3F, 0xFF, 0, 0])
      // The server's own windows count once its SETTINGS are acknowledged.
      try await client.send(RawConnection.preface + windows + RawConnection.frame(type: 4, flags: 1, stream: 0, []))
      client.takesAnswers = false
      client.shrinkReceiveBuffer()
      let size = 400_000
      let message = [0] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: size >> $0) } + [UInt8](repeating: 7, count: size)
      var bytes = RawConnection.frame(type: 1, flags: 4, stream: 1, RawConnection.headers(RawConnection.request))
      for start in stride(from: 0, to: message.count, by: 16_384) {
        let end = min(start + 16_384, message.count)
        bytes += RawConnection.frame(type: 0, flags: end == message.count ? 1 : 0, stream: 1, Array(message[start..<end]))
      }
      try await client.send(bytes)
      let server = harness.server
      try await eventually(on: harness.loop) { server.snapshot().calls.succeeded == 1 }
      let shutdown = Task(executorPreference: harness.loop) { await server.shutdown() }
      try await harness.loop.sleep(milliseconds: 200)
      try await client.send(RawConnection.frame(type: 6, flags: 0, stream: 0, [UInt8](repeating: 1, count: 8)))
      try await harness.loop.sleep(milliseconds: 50)
      try await eventually(on: harness.loop) {
        client.read()
        return client.isClosed
      }
      #expect(client.received.count > size, "\(client.received.count) bytes came")
      await shutdown.value
    }
  }

  @Test func aDrainEndsWhatTakesTooLong() async throws {
    try await Harness.run(server: { $0.drainMilliseconds = 100 }) { harness in
      let channel = harness.channel
      let server = harness.server
      let call = Task(executorPreference: harness.loop) { () -> Blob in try await channel.unary(EchoService.sleep, Blob("30000")) }
      try await eventually(on: harness.loop) { server.runningCalls == 1 }
      await server.shutdown()
      #expect(try await failure { try await call.value }.code == .unavailable)
    }
  }

  @Test func aRollingRestartLosesNoCall() async throws {
    try await Harness.run { harness in
      let loop = harness.loop
      let second = RPCServer(loop: loop, router: harness.router)
      let address = try second.listen(.loopback(port: 0))
      let channel = RPCChannel(target: try RPCTarget("\(harness.address),\(address)"), loop: loop)
      defer { channel.close() }
      for _ in 0..<20 { let _: Blob = try await channel.unary(EchoService.unary, Blob()) }
      try await eventually(on: loop) { channel.readyConnections == 2 }
      let load = Load()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for worker in 0..<8 {
          group.addTask {
            while !load.isOver {
              do {
                let _: Blob = try await channel.unary(EchoService.sleep, Blob("\(worker)"))
                load.calls += 1
              } catch { load.failures.append("\(error)") }
            }
          }
        }
        try await eventually(on: loop) { load.calls > 25 }
        await harness.server.shutdown()
        let before = load.calls
        try await eventually(on: loop) { load.calls > before + 25 }
        load.isOver = true
        try await group.waitForAll()
      }
      #expect(load.failures == [])
      #expect(second.acceptedConnections > 0)
      second.close()
    }
  }

  @Test func callsAreSpreadOverServers() async throws {
    try await Harness.run { harness in
      let loop = harness.loop
      let counted = Mutex([0, 0])
      var servers: [RPCServer] = []
      var addresses: [String] = []
      for index in 0..<2 {
        let router = RPCRouter()
        router.unary(EchoService.unary) { (request: Blob, _) -> Blob in
          counted.withLock { $0[index] += 1 }
          return request
        }
        let server = RPCServer(loop: loop, router: router)
        addresses.append("\(try server.listen(.loopback(port: 0)))")
        servers.append(server)
      }
      let channel = RPCChannel(target: try RPCTarget(addresses.joined(separator: ",")), loop: loop)
      let _: Blob = try await channel.unary(EchoService.unary, Blob(), options: CallOptions(waitForReady: true))
      try await eventually(on: loop) { channel.readyConnections == 2 }
      for _ in 0..<100 { let _: Blob = try await channel.unary(EchoService.unary, Blob()) }
      #expect(counted.withLock { $0.allSatisfy { $0 >= 50 } })
      channel.close()
      for server in servers { server.close() }
    }
  }

  @Test func aServerThatIsAwayIsWaitedForOnRequest() async throws {
    try await Harness.run { harness in
      let loop = harness.loop
      harness.server.close()
      let refused = try await failure { () -> Blob in try await harness.channel.unary(EchoService.unary, Blob()) }
      #expect(refused.code == .unavailable)
      #expect(refused.message.contains("\(harness.address)"))
      let channel = harness.channel
      let late = try await failure { () -> Blob in
        try await channel.unary(EchoService.unary, Blob(), options: CallOptions(timeoutMilliseconds: 100, waitForReady: true))
      }
      #expect(late.code == .deadlineExceeded)
      let call = Task(executorPreference: loop) { () -> Blob in
        try await channel.unary(EchoService.unary, Blob("patience"), options: CallOptions(waitForReady: true))
      }
      try await loop.sleep(milliseconds: 50)
      let revived = RPCServer(loop: loop, router: harness.router)
      try revived.listen(harness.address)
      #expect(try await call.value.text == "patience")
      revived.close()
    }
  }

  @Test func oldConnectionsAreRenewed() async throws {
    try await Harness.run(server: { $0.connectionAgeMaxMilliseconds = 100 }) { harness in
      let end = harness.loop.nowNanoseconds + 20_000_000_000
      while harness.server.acceptedConnections < 3, harness.loop.nowNanoseconds < end {
        let _: Blob = try await harness.channel.unary(EchoService.sleep, Blob("5"))
      }
      #expect(harness.server.acceptedConnections >= 3)
    }
  }

  @Test func moreCallsThanStreamsTakeTurns() async throws {
    try await Harness.run(server: { $0.http2.concurrentStreamsMax = 3 }) { harness in
      let channel = harness.channel
      let answers = try await withThrowingTaskGroup(of: String.self) { group in
        for index in 0..<50 {
          group.addTask {
            let response: Blob = try await channel.unary(EchoService.sleep, Blob("\(index % 5)"))
            return response.text
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(answers.count == 50)
    }
  }

  @Test func aConnectionWhoseStreamsAreUsedUpIsReplaced() async throws {
    try await Fleet.run(1) { fleet in
      // Three calls to a connection.
      let channel = try fleet.channel { $0.http2.firstStreamID = .max - 4 }
      defer { channel.close() }
      #expect(try await fleet.ask(channel, 10) == Array(repeating: "0", count: 10))
      #expect(fleet.members[0].server.acceptedConnections == 4)
    }
  }

  @Test func unixSockets() async throws {
    try await Harness.run { harness in
      let path = "/tmp/jetty-rpc-test-\(UInt32.random(in: 0...UInt32.max)).sock"
      try harness.server.listen(.unix(path: path))
      let channel = RPCChannel(target: try RPCTarget("unix://\(path)"), loop: harness.loop)
      let response: Blob = try await channel.unary(EchoService.unary, Blob("local"))
      #expect(response.text == "local")
      channel.close()
    }
  }

  @Test func aDeadServerIsNoticed() async throws {
    try await Harness.run { harness in
      let loop = harness.loop
      // Accepts and says nothing: never becomes an HTTP/2 connection.
      let listener = try Listener(address: .loopback(port: 0), loop: loop) { _, _ in }
      var configuration = RPCChannelConfiguration()
      configuration.connectTimeoutMilliseconds = 100
      let channel = RPCChannel(target: RPCTarget(listener.boundAddress), loop: loop, configuration: configuration)
      let error = try await failure { () -> Blob in try await channel.unary(EchoService.unary, Blob()) }
      #expect(error.code == .unavailable)
      channel.close()
      listener.close()
    }
  }

  @Test func metricsCountEachCallOnce() async throws {
    try await Harness.run { harness in
      let (served, called) = (RPCStatistics(side: .server), RPCStatistics(side: .client))
      harness.server.statistics = served
      harness.channel.statistics = called
      let _: Blob = try await harness.channel.unary(EchoService.unary, Blob())
      _ = try await failure { () -> Blob in try await harness.channel.unary(EchoService.fail, Blob("5 no")) }
      _ = try await failure { () -> Blob in
        try await harness.channel.unary(EchoService.sleep, Blob("30000"), options: CallOptions(timeoutMilliseconds: 20))
      }
      let server = harness.server
      try await eventually(on: harness.loop) { server.runningCalls == 0 }
      let begun = called.methods.map(\.attemptsStarted)
      #expect(begun.reduce(0, +) == 3)
      #expect(called.methods.allSatisfy { $0.target == harness.channel.target.description })
      let outcomes = called.methods.flatMap(\.outcomes)
      #expect(outcomes.map(\.code.name).sorted() == ["DEADLINE_EXCEEDED", "NOT_FOUND", "OK"])
      for outcome in outcomes {
        #expect(Self.count(outcome.attemptSeconds) == 1)
        #expect(Self.count(outcome.callSeconds) == 1)
      }
      let servedCalls = served.methods.flatMap(\.outcomes).map { Self.count($0.attemptSeconds) }
      #expect(servedCalls.reduce(0, +) == 3)
    }
  }

  private static func count(_ histogram: RPCHistogram) -> UInt64 { histogram.counts.reduce(0, +) }

  @Test func bytesOfMessagesAreCountedAsTheyAreOnTheWire() async throws {
    try await Harness.run { harness in
      let (served, called) = (RPCStatistics(side: .server), RPCStatistics(side: .client))
      harness.server.statistics = served
      harness.channel.statistics = called
      let answer: Blob = try await harness.channel.unary(EchoService.unary, Blob(String(repeating: "x", count: 3_000)))
      #expect(answer.text.utf8.count == 3_000)
      let client = try #require(called.methods.first?.outcomes.first)
      let server = try #require(served.methods.first?.outcomes.first)
      #expect(client.sentBytes.sum == server.receivedBytes.sum)
      #expect(client.receivedBytes.sum == server.sentBytes.sum)
      #expect(client.sentBytes.sum >= 3_000)
      // A66's buckets: 0, 1024, 2048, 4096…
      #expect(client.sentBytes.counts[3] == 1)
    }
  }

  @Test func whatNobodyServesIsCountedAsOther() async throws {
    try await Harness.run { harness in
      let served = RPCStatistics(side: .server)
      harness.server.statistics = served
      for index in 0..<20 {
        let method = MethodDescriptor(service: "made.up", method: "Call\(index)")
        _ = try await failure { () -> Blob in try await harness.channel.unary(method, Blob()) }
      }
      #expect(served.methods.map(\.method) == ["other"])
      #expect(served.methods[0].attemptsStarted == 20)
      #expect(served.methods[0].outcomes.map(\.code) == [.unimplemented])
    }
  }

  /// Touched on the loop only.
  final class Load: @unchecked Sendable {
    var isOver = false
    var calls = 0
    var failures: [String] = []
  }
}

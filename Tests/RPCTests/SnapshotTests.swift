import EventLoops
import RPC
import Testing

@Suite("Counters of servers and channels", .timeLimit(.minutes(1)))
struct SnapshotTests {
  @Test func callsMessagesAndStreamsAreCounted() async throws {
    try await Harness.run { harness in
      let (channel, server) = (harness.channel, harness.server)
      #expect(channel.snapshot().state == .idle)
      for _ in 0..<3 { let _: Blob = try await channel.unary(EchoService.unary, Blob("a")) }
      _ = try await failure { () -> Blob in try await channel.unary(EchoService.fail, Blob("5 no")) }
      try await channel.bidirectional(EchoService.chat) { (requests: RPCWriter<Blob>, responses: RPCReader<Blob>) in
        for _ in 0..<5 {
          try await requests.write(Blob("b"))
          _ = try await responses.next()
        }
        let during = channel.snapshot()
        #expect(during.calls.started == 5 && during.calls.running == 1)
        let connection = try #require(during.servers.first?.connection)
        #expect(connection.openStreams == 1)
        #expect(connection.messagesSent == 9, "four calls before, five messages of the one that runs")
        #expect(connection.messagesReceived == 8)
        let there = try #require(server.snapshot().connections.first)
        #expect(there.openStreams == 1 && there.messagesReceived == 9 && there.messagesSent == 8)
        requests.finish()
        _ = try await responses.next()
      }
      let after = channel.snapshot()
      #expect(after.target == "\(harness.address)" && after.state == .ready)
      #expect(after.calls.succeeded == 4 && after.calls.failed == 1)
      #expect(after.calls.lastStartedNanoseconds > 0)
      let one = try #require(after.servers.first)
      #expect(one.address == harness.address && one.calls.started == 5 && one.connectionsMade == 1)
      let served = server.snapshot()
      #expect(served.listening == [harness.address])
      #expect(served.calls.succeeded == 4 && served.calls.failed == 1 && served.acceptedConnections == 1 && served.openConnections == 1)
      #expect(server.snapshot(connectionsMax: 0).connections.isEmpty)
    }
  }

  @Test func whatCannotBeReachedSaysWhy() async throws {
    try await Harness.run { harness in
      harness.server.close()
      _ = try await failure { () -> Blob in try await harness.channel.unary(EchoService.unary, Blob()) }
      let snapshot = harness.channel.snapshot()
      #expect(snapshot.state == .transientFailure)
      #expect(snapshot.servers.first?.problem?.contains("\(harness.address)") == true)
      #expect((snapshot.servers.first?.connectionsFailed ?? 0) > 0)
    }
  }
}

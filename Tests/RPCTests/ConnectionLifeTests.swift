import EventLoops
import Testing

@testable import RPC

/// Keepalive, idleness and age of connections, at both ends.
@Suite("Life of connections", .timeLimit(.minutes(1)))
struct ConnectionLifeTests {
  @Test func tooManyPingsEndTheConnectionWithAReason() async throws {
    try await Harness.run(server: { $0.clientPingIntervalMinMilliseconds = 60_000 }) { harness in
      let client = try await RawConnection(to: harness.address, loop: harness.loop)
      try await client.send(RawConnection.preface)
      for _ in 0..<10 { try await client.send(RawConnection.frame(type: 6, flags: 0, stream: 0, [UInt8](repeating: 1, count: 8))) }
      #expect(try await client.waitForClose())
      let text = String(decoding: client.received, as: UTF8.self)
      #expect(text.contains("too_many_pings"))
    }
  }

  @Test func pingsOfAClientThatIsServedAreFine() async throws {
    try await Harness.run(server: { $0.clientPingIntervalMinMilliseconds = 60_000 }) { harness in
      let client = try await RawConnection(to: harness.address, loop: harness.loop)
      try await client.send(RawConnection.preface)
      for index in 0..<10 {
        let stream = UInt32(index * 2 + 1)
        try await client.send(RawConnection.frame(type: 1, flags: 4, stream: stream, RawConnection.headers(RawConnection.request)))
        try await client.send(RawConnection.frame(type: 0, flags: 1, stream: stream, [0, 0, 0, 0, 0]))
        try await client.send(RawConnection.frame(type: 6, flags: 0, stream: 0, [UInt8](repeating: 1, count: 8)))
      }
      try await harness.loop.sleep(milliseconds: 50)
      client.read()
      #expect(!client.isClosed)
    }
  }

  @Test func pingsWithoutCallsCanBeForbidden() async throws {
    try await Harness.run(server: {
      $0.clientPingIntervalMinMilliseconds = 0
      $0.allowsPingsWithoutCalls = false
    }) { harness in
      let client = try await RawConnection(to: harness.address, loop: harness.loop)
      try await client.send(RawConnection.preface)
      for _ in 0..<3 {
        try await client.send(RawConnection.frame(type: 6, flags: 0, stream: 0, [UInt8](repeating: 1, count: 8)))
        try await harness.loop.sleep(milliseconds: 5)
      }
      #expect(try await client.waitForClose())
    }
  }

  @Test func aClientThatPingedTooOftenSlowsDown() async throws {
    try await Harness.run { harness in
      let holder = Holder()
      let server = try ScriptedHTTP2Server(harness.loop) { stream, number in
        if number == 1 {
          let payload: [UInt8] = [0, 0, 0, 1, 0, 0, 0, 11] + Array("too_many_pings".utf8)
          holder.server?.connections.last?.send(raw: RawConnection.frame(type: 7, flags: 0, stream: 0, payload))
        }
        stream.succeed()
      }
      holder.server = server
      var configuration = RPCChannelConfiguration()
      configuration.keepaliveMilliseconds = 1_000
      let channel = RPCChannel(target: RPCTarget(server.address), loop: harness.loop, configuration: configuration)
      let _: Blob = try await channel.unary(EchoService.unary, Blob())
      try await eventually(on: harness.loop) { channel.keepaliveMilliseconds == 2_000 }
      let _: Blob = try await channel.unary(EchoService.unary, Blob())
      #expect(server.connections.count == 2)
      channel.close()
      server.close()
    }
  }

  @Test(arguments: [false, true])
  func silentServersAreNoticed(withoutCalls: Bool) async throws {
    try await Harness.run { harness in
      let server = try ScriptedHTTP2Server(harness.loop) { stream, number in
        if number == 1 { stream.succeed() }
      }
      var configuration = RPCChannelConfiguration()
      configuration.keepaliveMilliseconds = 30
      configuration.keepaliveTimeoutMilliseconds = 30
      configuration.keepaliveWithoutCalls = withoutCalls
      let channel = RPCChannel(target: RPCTarget(server.address), loop: harness.loop, configuration: configuration)
      let _: Blob = try await channel.unary(EchoService.unary, Blob())
      let first = try #require(server.connections.first)
      // From here on it neither reads nor answers.
      first.setInterest(read: false, write: false)
      if withoutCalls {
        try await eventually(on: harness.loop) { server.connections.count > 1 }
      } else {
        let error = try await failure { () -> Blob in
          try await channel.unary(EchoService.unary, Blob(), options: CallOptions(timeoutMilliseconds: 20_000))
        }
        #expect(error.code == .unavailable)
        #expect(error.message.contains("PING"))
      }
      channel.close()
      server.close()
    }
  }

  @Test func idleChannelsRestAndWakeUp() async throws {
    try await Harness.run(channel: { $0.idleTimeoutMilliseconds = 50 }) { harness in
      let _: Blob = try await harness.channel.unary(EchoService.unary, Blob())
      let (server, channel) = (harness.server, harness.channel)
      #expect(channel.connectivity == .ready)
      try await eventually(on: harness.loop) { server.openConnections == 0 }
      #expect(channel.connectivity == .idle)
      let long: Blob = try await channel.unary(EchoService.sleep, Blob("200"))
      #expect(long.text == "200", "a call that runs keeps the channel awake")
      #expect(server.acceptedConnections == 2)
    }
  }

  @Test func idleConnectionsAreSentAway() async throws {
    try await Harness.run(server: { $0.connectionIdleMaxMilliseconds = 50 }) { harness in
      let server = harness.server
      let client = try await RawConnection(to: harness.address, loop: harness.loop)
      try await client.send(RawConnection.preface)
      #expect(try await client.waitForClose())
      let long: Blob = try await harness.channel.unary(EchoService.sleep, Blob("300"))
      #expect(long.text == "300")
      #expect(server.calls.succeeded == 1)
    }
  }

  @Test func ageHasAGraceOfItsOwn() async throws {
    try await Harness.run(server: {
      $0.connectionAgeMaxMilliseconds = 50
      $0.connectionAgeGraceMilliseconds = 50
    }) { harness in
      let start = harness.loop.nowNanoseconds
      let error = try await failure { () -> Blob in try await harness.channel.unary(EchoService.sleep, Blob("20000")) }
      #expect(error.code == .unavailable)
      #expect(harness.loop.nowNanoseconds - start < 10_000_000_000)
    }
  }

  /// Touched on the loop only.
  private final class Holder: @unchecked Sendable {
    var server: ScriptedHTTP2Server?
  }
}

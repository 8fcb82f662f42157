import EventLoops
import RPC
import Testing

/// When PINGs cost a client its connection (gRPC's too_many_pings).
@Suite("PINGs", .timeLimit(.minutes(1)))
struct PingTests {
  /// GOAWAY with ENHANCE_YOUR_CALM (11), anywhere in what the server sent.
  private static func isTurnedAway(_ received: [UInt8]) -> Bool {
    var offset = 0
    while offset + 9 <= received.count {
      let length = Int(received[offset]) << 16 | Int(received[offset + 1]) << 8 | Int(received[offset + 2])
      if received[offset + 3] == 7, offset + 17 <= received.count, received[offset + 16] == 11 { return true }
      offset += 9 + length
    }
    return false
  }

  private static let ping = RawConnection.frame(type: 6, flags: 0, stream: 0, [UInt8](repeating: 7, count: 8))

  @Test func pingsBetweenCallsAreFine() async throws {
    try await Harness.run { harness in
      let client = try await RawConnection(to: harness.address, loop: harness.loop)
      try await client.send(RawConnection.preface)
      for call in 0..<8 {
        // As gRPC clients measure the path: a PING once the answer is there and no call is open.
        let stream = UInt32(2 * call + 1)
        try await client.send(RawConnection.frame(type: 1, flags: 4, stream: stream, RawConnection.headers(RawConnection.request)))
        try await client.send(RawConnection.frame(type: 0, flags: 1, stream: stream, [0, 0, 0, 0, 0]))
        try await harness.loop.sleep(milliseconds: 30)
        try await client.send(Self.ping)
      }
      try await harness.loop.sleep(milliseconds: 50)
      client.read()
      #expect(!Self.isTurnedAway(client.received))
      #expect(!client.isClosed)
    }
  }

  @Test func pingsWithoutCallsAreNot() async throws {
    try await Harness.run { harness in
      let client = try await RawConnection(to: harness.address, loop: harness.loop)
      try await client.send(RawConnection.preface)
      for _ in 0..<6 {
        try await client.send(Self.ping)
        try await harness.loop.sleep(milliseconds: 10)
        client.read()
      }
      #expect(Self.isTurnedAway(client.received))
    }
  }
}

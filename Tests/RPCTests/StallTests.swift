import EventLoops
import HTTP2
import RPC
import Testing

/// Clients that ask and take nothing.
@Suite("Stalled clients", .timeLimit(.minutes(1)))
struct StallTests {
  private static let request: [(String, String)] = RawConnection.request.map { $0.0 == ":path" ? (":path", "/test.Echo/Expand") : $0 }

  /// One message of `byteCount` bytes, please.
  private static func ask(_ stream: UInt32, byteCount: Int) -> [UInt8] {
    let text = Array("1 \(byteCount)".utf8)
    return RawConnection.frame(type: 1, flags: 4, stream: stream, RawConnection.headers(request))
      + RawConnection.frame(type: 0, flags: 1, stream: stream, [0, 0, 0, 0, UInt8(text.count)] + text)
  }

  /// The preface of a client that takes no byte of any stream.
  private static let noWindow =
    Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + RawConnection.frame(type: 4, flags: 0, stream: 0, [0, 4, 0, 0, 0, 0])

  /// Each call alone would be given up after its own time, and there is always a newer one: the connection ends all the same.
  @Test func callsThatTakeTurnsAtWaitingEndTheConnection() async throws {
    try await Harness.run(server: { $0.stallMilliseconds = 3_000 }) { harness in
      let client = try await RawConnection(to: harness.address, loop: harness.loop)
      try await client.send(Self.noWindow)
      let start = harness.loop.nowNanoseconds
      var stream: UInt32 = 1
      while !client.isClosed, harness.loop.nowNanoseconds - start < 20_000_000_000 {
        try await client.send(Self.ask(stream, byteCount: 1_000))
        stream += 2
        try await harness.loop.sleep(milliseconds: 500)
        client.read()
      }
      let milliseconds = (harness.loop.nowNanoseconds - start) / 1_000_000
      #expect(client.isClosed && milliseconds >= 3_000, "gone: \(client.isClosed), after \(milliseconds) ms and \(stream / 2) calls")
      #expect(harness.server.connectionsEnded == 1)
    }
  }

  /// A stream that stands still beside others that move is given up alone.
  @Test func callsThatMoveKeepTheirConnection() async throws {
    try await Harness.run(server: { $0.stallMilliseconds = 2_000 }, channel: { $0.http2.streamWindowBytes = 64 << 10 }) { harness in
      let channel = harness.channel
      async let stalled = failure {
        try await channel.serverStreaming(EchoService.expand, Blob("20 20000")) { (reader: RPCReader<Blob>) in
          _ = try await reader.next()
          try await channel.loop.sleep(milliseconds: 5_000)
          while try await reader.next() != nil {}
        }
      }
      for _ in 0..<40 {
        let answer: Blob = try await channel.unary(EchoService.unary, Blob(size: 10_000))
        #expect(answer.bytes.count == 10_000)
        try await harness.loop.sleep(milliseconds: 100)
      }
      #expect(try await stalled.code == .resourceExhausted)
      #expect(harness.server.acceptedConnections == 1 && harness.server.connectionsEnded == 0)
    }
  }

  /// While memory is short a client may have only so many calls waiting; what it asks for besides is refused, which it may repeat.
  @Test func callsAboveTheShareAreRefusedWhileMemoryIsShort() async throws {
    try await Harness.run(server: {
      $0.heldBytesMax = 64 << 10
      $0.http2.concurrentStreamsMax = 4_096
    }) { harness in
      let client = try await RawConnection(to: harness.address, loop: harness.loop)
      var bytes = Self.noWindow
      for index in 0..<UInt32(3_000) { bytes += Self.ask(2 * index + 1, byteCount: 60_000) }
      try await client.send(bytes)
      try await eventually(on: harness.loop) { harness.server.memoryShortages > 0 && harness.server.openStreams < 2_500 }
      #expect(harness.server.heldBytes < 1 << 20, "\(harness.server.heldBytes) bytes are held")
      let answer: Blob = try await harness.channel.unary(EchoService.unary, Blob("others are served"))
      #expect(answer.text == "others are served")
    }
  }
}

import EventLoops
import Foundation
import RPC
import TLS
import Testing

/// Messages that are lent to the socket on their way out and read to their place on their way in, over sockets.
@Suite("Large messages", .timeLimit(.minutes(1)))
struct LargeMessageTests {
  private static let echo = MethodDescriptor(service: "test.Slab", method: "Echo")
  private static let many = MethodDescriptor(service: "test.Slab", method: "Many", type: .serverStreaming)
  private static let chat = MethodDescriptor(service: "test.Slab", method: "Chat", type: .bidirectional)

  private static func add(to router: RPCRouter) {
    router.unary(echo) { (request: Slab, _) in request }
    router.serverStreaming(many) { (request: Slab, responses: RPCWriter<Slab>, _) in
      for _ in 0..<50 { try await responses.write(request) }
    }
    router.bidirectional(chat) { (requests: RPCReader<Slab>, responses: RPCWriter<Slab>, _) in
      while let request = try await requests.next() { try await responses.write(request) }
    }
  }

  private static func run(tls: Bool, _ body: @escaping @Sendable (borrowing Harness) async throws -> Void) async throws {
    let files = tls ? try TLSCallTests.Certificates() : nil
    let server = try files.map { try TLSContext.server(identity: $0.server, alpn: ["h2"]) }
    let client = try files.map { try TLSContext.client(caFile: $0.authority, alpn: ["h2"]) }
    try await Harness.run(
      server: { $0.tls = server },
      channel: {
        $0.tls = client
        if tls { $0.serverName = "localhost" }
      },
      router: add
    ) { harness in
      try await body(harness)
      let server = harness.server
      try await eventually(on: harness.loop) { server.heldBytes == 0 }
    }
  }

  @Test(arguments: [false, true]) func thereAndBack(tls: Bool) async throws {
    try await Self.run(tls: tls) { harness in
      let channel = harness.channel
      for size in [0, 1, 16_000, 130_000, 1 << 20, (4 << 20) - 4] {
        let request = Slab(size: size)
        let response: Slab = try await channel.unary(Self.echo, request)
        #expect(response == request, "\(size) bytes")
      }
      // Many at once, small ones between.
      try await withThrowingTaskGroup(of: Void.self) { group in
        for index in 0..<24 {
          group.addTask(executorPreference: harness.loop) {
            let request = Slab(size: index % 3 == 0 ? 900_000 + index : 50 * index)
            let response: Slab = try await channel.unary(Self.echo, request)
            #expect(response == request)
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test(arguments: [false, true]) func streamsOfThem(tls: Bool) async throws {
    try await Self.run(tls: tls) { harness in
      try await harness.channel.bidirectional(Self.chat) { (requests: RPCWriter<Slab>, responses: RPCReader<Slab>) in
        for size in [700_000, 3, 200_000, 1 << 20, 0, 128 << 10] {
          try await requests.write(Slab(size: size))
          #expect(try await responses.next() == Slab(size: size))
        }
        requests.finish()
        #expect(try await responses.next() == nil)
      }
    }
  }

  /// The client goes away in the middle of an answer, call by call.
  @Test(arguments: [false, true]) func cancelledInTheMiddle(tls: Bool) async throws {
    try await Self.run(tls: tls) { harness in
      for _ in 0..<10 {
        let first = try await harness.channel.serverStreaming(Self.many, Slab(size: 700_000)) { (responses: RPCReader<Slab>) in
          try await responses.next()
        }
        #expect(first == Slab(size: 700_000))
      }
      let response: Slab = try await harness.channel.unary(Self.echo, Slab(size: 300_000))
      #expect(response == Slab(size: 300_000))
      let server = harness.server
      try await eventually(on: harness.loop) { server.runningCalls == 0 }
    }
  }

  /// One call of `Echo` with a large message, as a client sends it that has opened its windows as wide as they go.
  private static func request(_ stream: UInt32, size: Int) -> [UInt8] {
    let path = RawConnection.request.map { $0.0 == ":path" ? (":path", echo.path) : $0 }
    var bytes = RawConnection.frame(type: 1, flags: 4, stream: stream, RawConnection.headers(path))
    let slab = [1, 2] + [UInt8](repeating: 7, count: size - 4) + [3, 4]
    let message = [0, 0, UInt8(size >> 16), UInt8(size >> 8 & 255), UInt8(size & 255)] + slab
    for start in stride(from: 0, to: message.count, by: 16_000) {
      let end = min(start + 16_000, message.count)
      bytes += RawConnection.frame(type: 0, flags: end == message.count ? 1 : 0, stream: stream, Array(message[start..<end]))
    }
    return bytes
  }

  private static let wideWindows =
    RawConnection.preface + RawConnection.frame(type: 4, flags: 0, stream: 0, [0, 4, 0x7F, 0xFF, 0xFF, 0xFF])
    + RawConnection.frame(type: 8, flags: 0, stream: 0, [0x7F, 0, 0, 0])

  /// A client that takes no answers, with settings that are in force on both sides.
  private static func deafClient(_ harness: borrowing Harness) async throws -> RawConnection {
    let client = try await RawConnection(to: harness.address, loop: harness.loop)
    client.takesAnswers = false
    try await client.send(wideWindows)
    let server = harness.server
    try await eventually(on: harness.loop) { server.openConnections > 0 }
    try await harness.loop.sleep(milliseconds: 20)
    try await client.send(RawConnection.frame(type: 4, flags: 1, stream: 0, []))
    return client
  }

  /// What waited for a client that hangs up is freed.
  @Test func hungUpInTheMiddle() async throws {
    try await Self.run(tls: false) { harness in
      for _ in 0..<5 {
        let client = try await Self.deafClient(harness)
        try await client.send(Self.request(1, size: 900_000) + Self.request(3, size: 900_000))
        try await harness.loop.sleep(milliseconds: 10)
      }
      let response: Slab = try await harness.channel.unary(Self.echo, Slab(size: 300_000))
      #expect(response == Slab(size: 300_000))
    }
  }

  /// The calls are over as soon as all of their answers is on its way, but their memory is not free before it was taken.
  @Test func aClientThatTakesNothingIsCutOff() async throws {
    try await Harness.run(server: { $0.stallMilliseconds = 300 }, router: Self.add) { harness in
      let client = try await Self.deafClient(harness)
      let server = harness.server
      var stream: UInt32 = 1
      // Until the sockets are full.
      while stream < 400, server.heldBytes == 0 || server.runningCalls > 0 {
        try await client.send(Self.request(stream, size: 150_000))
        try await harness.loop.sleep(milliseconds: 5)
        stream += 2
      }
      #expect(server.heldBytes > 0)
      for _ in 0..<6 where server.openConnections > 0 { try await harness.loop.sleep(milliseconds: 1_000) }
      #expect(server.openConnections == 0 && server.heldBytes == 0)
    }
  }
}

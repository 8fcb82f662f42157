import EventLoops
import HTTP2
import RPC
import Testing

@Suite("Hostile clients", .timeLimit(.minutes(1)))
struct HostilePeerTests {
  private static func attack(
    configure: @escaping @Sendable (inout RPCServerConfiguration) -> Void = { _ in }, closes: Bool = true,
    _ bytes: @escaping @Sendable () -> [UInt8]
  ) async throws {
    try await Harness.run(server: configure) { harness in
      let attacker = try await RawConnection(to: harness.address, loop: harness.loop)
      try await attacker.send(bytes())
      if closes { #expect(try await attacker.waitForClose(), "the attacker must be gone") }
      let response: Blob = try await harness.channel.unary(EchoService.unary, Blob("still here"))
      #expect(response.text == "still here")
    }
  }

  private static func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8] = []) -> [UInt8] {
    RawConnection.frame(type: type, flags: flags, stream: stream, payload)
  }

  private static func requestHeaders(_ stream: UInt32, end: Bool = false) -> [UInt8] {
    frame(1, end ? 5 : 4, stream, RawConnection.headers(RawConnection.request))
  }

  private static func repeated(_ bytes: [UInt8], _ count: Int) -> [UInt8] {
    var all: [UInt8] = []
    for _ in 0..<count { all += bytes }
    return all
  }

  @Test func noHTTP2AtAll() async throws {
    try await Self.attack { Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8) }
    try await Self.attack { (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) } }
  }

  @Test func silence() async throws {
    try await Self.attack(configure: { $0.handshakeTimeoutMilliseconds = 50 }) { [] }
    try await Self.attack(configure: { $0.handshakeTimeoutMilliseconds = 50 }) { Array(RawConnection.preface.prefix(10)) }
  }

  @Test func brokenFrames() async throws {
    let preface = RawConnection.preface
    try await Self.attack { preface + Self.frame(0, 0, 0, [1, 2, 3]) }  // DATA on stream 0
    try await Self.attack { preface + Self.frame(1, 4, 2, RawConnection.headers(RawConnection.request)) }  // an even stream id
    try await Self.attack { preface + Self.frame(1, 4, 1, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]) }  // HPACK index out of range
    try await Self.attack { preface + Self.frame(4, 0, 0, [1, 2, 3]) }  // SETTINGS of a wrong length
    try await Self.attack { preface + Self.frame(8, 0, 0, [0, 0, 0, 0]) }  // WINDOW_UPDATE by 0
    try await Self.attack { preface + Self.frame(9, 4, 1, [0]) }  // CONTINUATION without HEADERS
    try await Self.attack { preface + [0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 1] }  // a frame of 16 MiB
  }

  /// Requests of which no handler, and no statistics, ever hear: one with a forbidden field, one that is cut off in its header block.
  @Test func aRequestThatNeverBeganIsNoCall() async throws {
    try await Harness.run { harness in
      var ended: [StatusCode] = []
      harness.server.onCallEnd = { ended.append($0.code) }
      for block in [Self.frame(1, 5, 1, RawConnection.headers(RawConnection.request + [("Upper", "1")])), Self.frame(1, 0, 1, [])] {
        let attacker = try await RawConnection(to: harness.address, loop: harness.loop)
        try await attacker.send(RawConnection.preface + block)
      }
      let server = harness.server
      try await eventually(on: harness.loop) { server.openConnections == 0 }
      let response: Blob = try await harness.channel.unary(EchoService.unary, Blob("one"))
      #expect(response.text == "one")
      try await eventually(on: harness.loop) { !ended.isEmpty }
      #expect(ended == [.ok])
      harness.server.onCallEnd = nil
    }
  }

  @Test func pingFlood() async throws {
    try await Self.attack {
      let ping = Self.frame(6, 0, 0, [UInt8](repeating: 7, count: 8))
      return RawConnection.preface + Self.repeated(ping, 60_000)
    }
  }

  @Test func settingsFlood() async throws {
    try await Self.attack {
      let settings = Self.frame(4, 0, 0, [0, 4, 0, 1, 0, 0])
      return RawConnection.preface + Self.repeated(settings, 60_000)
    }
  }

  @Test func emptyDataFlood() async throws {
    try await Self.attack {
      let empty = Self.frame(0, 0, 1)
      return RawConnection.preface + Self.requestHeaders(1) + Self.repeated(empty, 60_000)
    }
  }

  @Test func priorityFlood() async throws {
    try await Self.attack {
      let priority = Self.frame(2, 0, 1, [0, 0, 0, 0, 15])
      return RawConnection.preface + Self.repeated(priority, 60_000)
    }
  }

  @Test func rapidReset() async throws {
    try await Self.attack {
      var bytes = RawConnection.preface
      for stream in stride(from: UInt32(1), to: 60_000, by: 2) { bytes += Self.requestHeaders(stream) + Self.frame(3, 0, stream, [0, 0, 0, 8]) }
      return bytes
    }
  }

  @Test func endlessHeaders() async throws {
    try await Self.attack {
      let more = RawConnection.headers((0..<100).map { ("x-\($0)", String(repeating: "v", count: 100)) })
      let continuation = Self.frame(9, 0, 1, more)
      var bytes = RawConnection.preface + Self.frame(1, 0, 1, RawConnection.headers(RawConnection.request))
      for _ in 0..<200 { bytes += continuation }
      return bytes
    }
  }

  @Test func tooMuchMetadataIsRefusedPolitely() async throws {
    try await Harness.run { harness in
      let options = CallOptions(metadata: ["x-large": String(repeating: "v", count: 20_000)])
      let error = try await failure { () -> Blob in try await harness.channel.unary(EchoService.unary, Blob(), options: options) }
      #expect(error.code == .resourceExhausted)
      let response: Blob = try await harness.channel.unary(EchoService.unary, Blob("a"))
      #expect(response.text == "a")
    }
  }

  @Test(arguments: [
    (0, [0xFF, 0xFF, 0xFF, 0xFF], "8"),  // a message of 4 GiB
    (7, [0, 0, 0, 1, 65], "13"),  // an unknown flag
    (1, [0, 0, 0, 1, 65], "13"),  // compressed, but with nothing
    (0, [0, 0, 0, 9, 65], "13"),  // ends inside the message
    (0, [0, 0, 0, 0, 0, 0, 0, 0, 0], "12"),  // two messages
  ] as [(UInt8, [UInt8], String)])
  func brokenMessages(flag: UInt8, rest: [UInt8], status: String) async throws {
    try await Harness.run { harness in
      let headers = try await Self.answer(to: [flag] + rest, fields: RawConnection.request, harness)
      #expect(headers["grpc-status"] == status)
    }
  }

  @Test(arguments: [
    ("content-type", "text/plain", "415"), ("content-type", "application/grpcfoo", "415"), (":method", "PUT", "405"),
  ])
  func requestsThatAreNotGRPC(name: String, value: String, status: String) async throws {
    try await Harness.run { harness in
      let fields = RawConnection.request.map { $0.0 == name ? (name, value) : $0 }
      let answer = try await Self.answer(to: [0, 0, 0, 0, 0], fields: fields, harness)
      #expect(answer[":status"] == status)
    }
  }

  @Test(arguments: [
    ("grpc-timeout", "soon", "13"), ("grpc-timeout", "0n", "4"), ("grpc-encoding", "snappy", "12"), ("grpc-timeout", "5S", "0"),
    ("x-test-bin", "not base64!", "13"), ("x-test-bin", "QUJD,*", "13"), ("x-test-bin", "QUJD,QQ", "0"), ("x-testbin", "not base64!", "0"),
  ])
  func strangeHeaders(name: String, value: String, status: String) async throws {
    try await Harness.run { harness in
      let answer = try await Self.answer(to: [0, 0, 0, 0, 0], fields: RawConnection.request + [(name, value)], harness)
      #expect(answer["grpc-status"] == status)
    }
  }

  @Test func messagesInAnotherFormatAreNotGuessedAt() async throws {
    try await Harness.run { harness in
      let fields = RawConnection.request.map { $0.0 == "content-type" ? ($0.0, "application/grpc+json") : $0 }
      let answer = try await Self.answer(to: [0, 0, 0, 0, 0], fields: fields, harness)
      #expect(answer["grpc-status"] == "12")
    }
  }

  /// Makes one request by hand and gives the first value of each field of the reply.
  private static func answer(
    to body: [UInt8], fields: [(String, String)], _ harness: borrowing Harness
  ) async throws -> [String: String] {
    let client = try await SessionClient(to: harness.address, loop: harness.loop)
    return try await client.request(fields, body)
  }
}

/// One request at a time over an HTTP/2 session of our own, with any fields.
private final class SessionClient: @unchecked Sendable {
  private let session: HTTP2Session
  private let connection: RawConnection
  private var consumed = 0

  private final class Stream: HTTP2Stream {
    var isDone = false
    override func handle(_ events: HTTP2StreamEvents) {
      if events.contains(.closed) || events.contains(.end) { isDone = true }
    }
  }

  init(to address: SocketAddress, loop: EventLoop) async throws {
    connection = try await RawConnection(to: address, loop: loop)
    session = try HTTP2Session(role: .client)
  }

  func request(_ fields: [(String, String)], _ body: [UInt8]) async throws -> [String: String] {
    let stream = Stream()
    let block = HTTP2Fields()
    for (name, value) in fields { block.add(name, value) }
    try session.open(stream, block, hasBody: true)
    stream.output.append(contentsOf: body)
    stream.finish()
    for _ in 0..<100 where !stream.isDone {
      try session.produce(upTo: 1 << 20)
      let bytes = session.outbound.array
      session.outbound.clear()
      try await connection.send(bytes)
      connection.read()
      let fresh = Array(connection.received[consumed...])
      consumed = connection.received.count
      try fresh.withUnsafeBytes { try session.receive($0) }
    }
    #expect(stream.isDone)
    var answer: [String: String] = [:]
    for block in [stream.headers, stream.trailers] {
      for index in 0..<block.count { answer[block.name(index)] = answer[block.name(index)] ?? block.value(index) }
    }
    session.close()
    return answer
  }
}

import Bytes
import Glibc
import Testing

@testable import HTTP2

/// Payloads that are lent on their way out and read to their place on their way in, without a socket.
@Suite("Large payloads of sessions", .timeLimit(.minutes(5)))
struct LargePayloadTests {
  private final class Stream: HTTP2Stream {
    var seen: HTTP2StreamEvents = []
    /// What a call does when it has read how long its message will be.
    var expects = 0
    override func handle(_ events: HTTP2StreamEvents) {
      seen.formUnion(events)
      if events.contains(.data), expects > 0 { expectInput(expects) }
      grant(1 << 14)
    }
  }

  private final class Server: HTTP2Session {
    var streams: [Stream] = []
    var expects = 0
    override func makeStream() -> HTTP2Stream {
      let stream = Stream()
      stream.expects = expects
      streams.append(stream)
      return stream
    }
  }

  private static let size = 600_000

  private static func bytes(_ seed: Int) -> [UInt8] { (0..<size).map { UInt8(truncatingIfNeeded: ($0 >> 3) &* 31 &+ $0 &+ seed) } }

  private static func fields(_ pairs: (String, String)...) -> HTTP2Fields {
    let fields = HTTP2Fields()
    for (name, value) in pairs { fields.add(name, value) }
    return fields
  }

  private static var post: HTTP2Fields { fields((":method", "POST"), (":scheme", "http"), (":path", "/a"), (":authority", "x")) }

  private static func pair(lends: Bool = true) throws -> (client: HTTP2Session, server: Server) {
    var configuration = HTTP2Configuration()
    configuration.streamWindowBytes = 4 << 20
    let client = try HTTP2Session(role: .client, configuration: configuration)
    let server = try Server(role: .server, configuration: configuration)
    client.lendsOutput = lends
    server.lendsOutput = lends
    server.expects = size
    // The windows of both are known before anything large is sent.
    try move(client, server, 1 << 20)
    try move(server, client, 1 << 20)
    try move(client, server, 1 << 20)
    return (client, server)
  }

  private static func lend(_ bytes: [UInt8], to stream: HTTP2Stream) {
    stream.output.append("<")
    stream.lentOutput.append(LentBlock(bytes), 0..<bytes.count, behind: stream.output.count)
    stream.output.append(">")
    stream.outputChanged()
  }

  /// One write of at most `limit` bytes at one end, and the reads for it at the other: to the place of the payload where there is one.
  @discardableResult private static func move(_ from: HTTP2Session, _ to: HTTP2Session, _ limit: Int) throws -> (moved: Int, direct: Int) {
    if from.outboundCost < 64 << 10 { try from.produce(upTo: 64 << 10) }
    let written = from.withOutboundPlaces { places in
      Array(places.flatMap { UnsafeRawBufferPointer(start: $0.iov_base, count: $0.iov_len).map { $0 } }.prefix(limit))
    }
    from.outboundWritten(written.count)
    var direct = 0
    var left = written[...]
    while !left.isEmpty {
      if let target = to.payloadTarget() {
        let part = left.prefix(target.count)
        target.copyBytes(from: part)
        try to.receivePayload(UnsafeRawBufferPointer(rebasing: target[..<part.count]))
        left = left.dropFirst(part.count)
        direct += part.count
      }
      let part = Array(left.prefix(9))
      try part.withUnsafeBytes { try to.receive($0) }
      left = left.dropFirst(part.count)
    }
    return (written.count, direct)
  }

  @Test(arguments: [true, false], [7_001, 1 << 20])
  func twoAtOnceInWritesOfAnySize(lends: Bool, writeBytes: Int) throws {
    let (client, server) = try Self.pair(lends: lends)
    let bodies = [Self.bytes(1), Self.bytes(2)]
    let streams = [Stream(), Stream()]
    for (stream, body) in zip(streams, bodies) {
      try client.open(stream, Self.post, hasBody: true)
      Self.lend(body, to: stream)
      stream.finish()
    }
    var direct = 0
    while server.streams.count < 2 || server.streams.contains(where: { !$0.inputEnded }) {
      direct += try Self.move(client, server, writeBytes).direct
      try Self.move(server, client, 1 << 20)
    }
    for (stream, body) in zip(server.streams, bodies) { #expect(stream.input.array == [60] + body + [62]) }
    #expect(direct > Self.size, "most was read to its place")
    #expect(client.heldOutputBytes == 0 && !client.hasOutbound)
    #expect(server.reservedInputBytes <= 2 * Self.size)

    // And back, while the input of both is still there.
    for (stream, body) in zip(server.streams, bodies.reversed()) {
      stream.respond(Self.fields((":status", "200")))
      Self.lend(body, to: stream)
      stream.finish(trailers: Self.fields(("x-end", "yes")))
    }
    while client.openStreams > 0 {
      try Self.move(server, client, writeBytes)
      try Self.move(client, server, 1 << 20)
    }
    for (stream, body) in zip(streams, bodies.reversed()) {
      #expect(stream.input.array == [60] + body + [62])
      #expect(stream.trailers["x-end"] == "yes")
    }
    #expect(server.heldOutputBytes == 0 && server.reservedInputBytes == 0)
    client.close()
    server.close()
  }

  @Test func aBufferOfManySmallThingsGoesOutAsItIs() throws {
    let (client, server) = try Self.pair()
    let stream = Stream()
    try client.open(stream, Self.post, hasBody: true)
    let body = Self.bytes(3)
    stream.output.append(contentsOf: body)
    stream.outputChanged()
    try client.produce(upTo: 64 << 10)
    #expect(client.hasLentOutbound && client.heldOutputBytes == Self.size, "nothing of it is free yet")
    // More comes behind it.
    stream.output.append("tail")
    stream.finish()
    while server.streams.first?.inputEnded != true {
      try Self.move(client, server, 50_000)
      try Self.move(server, client, 1 << 20)
    }
    #expect(server.streams[0].input.array == body + Array("tail".utf8))
    #expect(client.heldOutputBytes == 0)
    client.close()
    server.close()
  }

  @Test func aResetInTheMiddleLeavesWholeFrames() throws {
    let (client, server) = try Self.pair()
    let streams = [Stream(), Stream()]
    for stream in streams {
      try client.open(stream, Self.post, hasBody: true)
      Self.lend(Self.bytes(4), to: stream)
    }
    try Self.move(client, server, 30_000)
    streams[0].reset(.cancel)
    streams[1].finish()
    while server.streams.count < 2 || !server.streams[1].inputEnded {
      try Self.move(client, server, 9_000)
      try Self.move(server, client, 1 << 20)
    }
    #expect(server.streams[0].seen.contains(.closed) && server.streams[0].closeCode == .cancel)
    #expect(server.streams[1].input.array == [60] + Self.bytes(4) + [62])
    #expect(client.heldOutputBytes == 0 && !client.hasOutbound)
    client.close()
    server.close()
  }

  /// The receiver gives a stream up that is in the middle of a frame: the rest of it is nobody's.
  @Test func aStreamThatWasGivenUpTakesNothingMore() throws {
    let (client, server) = try Self.pair()
    let stream = Stream()
    try client.open(stream, Self.post, hasBody: true)
    Self.lend(Self.bytes(5), to: stream)
    try Self.move(client, server, 40_000)
    #expect(server.payloadTarget() != nil)
    let held = server.streams[0].input.count
    server.streams[0].reset(.cancel)
    #expect(server.payloadTarget() == nil)
    for _ in 0..<20 {
      try Self.move(client, server, 40_000)
      try Self.move(server, client, 1 << 20)
    }
    #expect(server.streams[0].input.count == held)
    #expect(stream.closeCode == .cancel)
    #expect(client.heldOutputBytes == 0 && client.queuedOutputBytes == 0, "what the stream had waiting went with it")
    #expect(server.reservedInputBytes == 0)
    client.close()
    server.close()
  }

  @Test func theEndOfTheConnectionFreesWhatWaits() throws {
    let (client, server) = try Self.pair()
    var stream: Stream? = Stream()
    try client.open(stream!, Self.post, hasBody: true)
    Self.lend(Self.bytes(6), to: stream!)
    try Self.move(client, server, 20_000)
    #expect(client.hasLentOutbound && client.heldOutputBytes >= Self.size)
    weak let gone = stream
    stream = nil
    client.close()
    #expect(gone == nil && client.heldOutputBytes == 0)
    server.close()
    #expect(server.reservedInputBytes == 0)
  }

  /// Padding stands in front of the payload, so that its place is not known.
  @Test func paddedFramesAreCopied() throws {
    let (client, server) = try Self.pair()
    let stream = Stream()
    try client.open(stream, Self.post, hasBody: true)
    Self.lend(Self.bytes(7), to: stream)
    try Self.move(client, server, 30_000)
    while server.payloadTarget() != nil { try Self.move(client, server, 1_000) }
    let taken = server.streams[0].input.count
    // The rest of the frame under way, then one of our own: 3 bytes of padding behind 5,000 of payload.
    try Self.move(client, server, server.scanner.payloadLeft)
    let before = server.streams[0].input.count
    #expect(before >= taken)
    let head = RawConnection.frame(type: 0, flags: 8, stream: 1, [3] + [UInt8](repeating: 9, count: 5_000) + [0, 0, 0])
    try head[..<12].withUnsafeBytes { try server.receive($0) }
    #expect(server.payloadTarget() == nil)
    try head[12...].withUnsafeBytes { try server.receive($0) }
    #expect(server.streams[0].input.array.suffix(5_000) == [UInt8](repeating: 9, count: 5_000)[...])
    #expect(server.streams[0].input.count == before + 5_000)
    client.close()
    server.close()
  }

  /// A peer that only announces large messages gets no memory for them.
  @Test func whatIsReservedIsBounded() throws {
    var configuration = HTTP2Configuration()
    configuration.concurrentStreamsMax = 200
    let server = try Server(role: .server, configuration: configuration)
    server.expects = 4 << 20
    try RawConnection.preface.withUnsafeBytes { try server.receive($0) }
    for index in 0..<100 {
      let id = UInt32(2 * index + 1)
      let request = RawConnection.frame(type: 1, flags: 4, stream: id, RawConnection.headers(RawConnection.request))
      try request.withUnsafeBytes { try server.receive($0) }
      for _ in 0..<3 {
        let data = RawConnection.frame(type: 0, flags: 0, stream: id, [UInt8](repeating: 1, count: 10))
        try data.withUnsafeBytes { try server.receive($0) }
      }
    }
    #expect(server.streams.count == 100)
    #expect(server.reservedInputBytes <= 8 << 20 && server.reservedInputBytes > 4 << 20)
    let room = server.streams.reduce(0) { $0 + $1.input.capacity }
    #expect(room <= 9 << 20)
    server.close()
    #expect(server.reservedInputBytes == 0)
  }
}

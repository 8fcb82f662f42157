import Bytes
import Testing

@testable import HTTP2

@Suite("HTTP/2 sessions without a socket")
struct HTTP2SessionTests {
  final class Stream: HTTP2Stream {
    var seen: HTTP2StreamEvents = []
    var onEvents: (Stream, HTTP2StreamEvents) -> Void = { _, _ in }
    override func handle(_ events: HTTP2StreamEvents) {
      seen.formUnion(events)
      onEvents(self, events)
    }
  }

  final class Server: HTTP2Session {
    var streams: [Stream] = []
    var onEvents: (Stream, HTTP2StreamEvents) -> Void = { _, _ in }
    override func makeStream() -> HTTP2Stream {
      let stream = Stream()
      stream.onEvents = onEvents
      streams.append(stream)
      return stream
    }
  }

  /// Moves bytes between the two until neither has any.
  private func exchange(_ client: HTTP2Session, _ server: HTTP2Session) throws {
    for _ in 0..<1_000 {
      var moved = false
      for (from, to) in [(client, server), (server, client)] {
        try from.produce(upTo: 64 << 10)
        let bytes = from.outbound.array
        from.outbound.clear()
        if bytes.isEmpty { continue }
        moved = true
        try bytes.withUnsafeBytes { try to.receive($0) }
      }
      if !moved { return }
    }
    Issue.record("the two never fell silent")
  }

  private func fields(_ pairs: (String, String)...) -> HTTP2Fields {
    let fields = HTTP2Fields()
    for (name, value) in pairs { fields.add(name, value) }
    return fields
  }

  private var get: HTTP2Fields { fields((":method", "GET"), (":scheme", "http"), (":path", "/a"), (":authority", "x")) }
  private var post: HTTP2Fields { fields((":method", "POST"), (":scheme", "http"), (":path", "/a"), (":authority", "x")) }

  @Test func aRequestAndItsAnswer() throws {
    let client = try HTTP2Session(role: .client)
    let server = try Server(role: .server)
    server.onEvents = { stream, events in
      guard events.contains(.end) else { return }
      #expect(stream.headers[":path"] == "/a")
      #expect(stream.input.array == Array("question".utf8))
      stream.sendInformational(self.fields((":status", "103"), ("link", "later")))
      stream.output.append(utf8: "answer")
      stream.respond(self.fields((":status", "200"), ("x-one", "1")))
      stream.finish(trailers: self.fields(("x-end", "yes")))
    }
    let stream = Stream()
    try client.open(stream, post, hasBody: true)
    stream.output.append(utf8: "question")
    stream.finish()
    try exchange(client, server)
    #expect(stream.headers.status == 200, "informational responses are skipped")
    #expect(stream.headers["x-one"] == "1")
    #expect(stream.input.array == Array("answer".utf8))
    #expect(stream.trailers["x-end"] == "yes")
    #expect(stream.seen == [.headers, .data, .trailers, .end, .closed])
    #expect(client.openStreams == 0 && server.openStreams == 0)
    client.close()
    server.close()
  }

  @Test func theWindowBoundsWhatIsUnread() throws {
    var configuration = HTTP2Configuration()
    configuration.streamWindowBytes = 70_000
    let client = try HTTP2Session(role: .client)
    let server = try Server(role: .server, configuration: configuration)
    let stream = Stream()
    try client.open(stream, post, hasBody: true)
    try exchange(client, server)
    stream.output.append(contentsOf: [UInt8](repeating: 1, count: 200_000))
    stream.outputChanged()
    try exchange(client, server)
    let received = try #require(server.streams.first)
    #expect(received.input.count == 70_000)
    received.discardInput(70_000)
    try exchange(client, server)
    #expect(received.input.count == 0, "dropping bytes alone does not let more in")
    received.grant(70_000)
    try exchange(client, server)
    #expect(received.input.count == 70_000)
    client.close()
    server.close()
  }

  @Test func allStreamsTogetherAreBoundedToo() throws {
    var configuration = HTTP2Configuration()
    configuration.streamWindowBytes = 1 << 20
    configuration.connectionWindowBytes = 200_000
    configuration.bufferedBytesMax = 300_000
    let client = try HTTP2Session(role: .client)
    let server = try Server(role: .server, configuration: configuration)
    try exchange(client, server)
    for _ in 0..<4 {
      let stream = Stream()
      try client.open(stream, post, hasBody: true)
      stream.output.append(contentsOf: [UInt8](repeating: 1, count: 500_000))
      stream.finish()
    }
    try exchange(client, server)
    let held = { server.streams.reduce(0) { $0 + $1.input.count } }
    #expect(held() <= 300_000 + 200_000)
    #expect(held() > 200_000)
    var total = 0
    for _ in 0..<100 where total < 2_000_000 {
      for stream in server.streams {
        let count = stream.input.count
        stream.discardInput(count)
        stream.grant(count)
        total += count
      }
      try exchange(client, server)
    }
    #expect(total == 2_000_000)
    client.close()
    server.close()
  }

  @Test func closingTellsEveryStream() throws {
    let client = try HTTP2Session(role: .client)
    let server = try Server(role: .server)
    let streams = (0..<5).map { _ in Stream() }
    for stream in streams { try client.open(stream, get, hasBody: false) }
    try exchange(client, server)
    #expect(server.openStreams == 5)
    client.close()
    #expect(streams.allSatisfy { $0.seen.contains(.closed) && !$0.isOpen })
    #expect(throws: HTTP2Error.self) { try client.produce(upTo: 1) }
    let refused = Stream()
    #expect(throws: HTTP2Error.self) { try client.open(refused, get, hasBody: false) }
    server.close()
    server.close()
    #expect(server.streams.allSatisfy { $0.seen.contains(.closed) })
  }

  @Test func aHandlerMayCloseTheSession() throws {
    let client = try HTTP2Session(role: .client)
    let server = try Server(role: .server)
    server.onEvents = { [unowned server] _, _ in server.close() }
    for _ in 0..<3 { try client.open(Stream(), get, hasBody: false) }
    try client.produce(upTo: 64 << 10)
    let bytes = client.outbound.array
    try bytes.withUnsafeBytes { try server.receive($0) }
    #expect(server.isFinished)
    #expect(server.streams.allSatisfy { !$0.isOpen })
    client.close()
  }

  @Test func twoGoawaysLetRunningStreamsFinish() throws {
    let client = try HTTP2Session(role: .client)
    let server = try Server(role: .server)
    let first = Stream()
    try client.open(first, get, hasBody: false)
    try exchange(client, server)
    server.announceShutdown()
    try exchange(client, server)
    #expect(client.goawayReceived)
    #expect(!client.acceptsRequests)
    server.refuseNewStreams()
    try exchange(client, server)
    #expect(!server.isFinished)
    server.streams[0].respond(fields((":status", "204")), endStream: true)
    try exchange(client, server)
    #expect(first.headers.status == 204)
    #expect(server.isFinished && client.isFinished)
    client.close()
    server.close()
  }

  @Test func aStreamCanBeUsedAgain() throws {
    let client = try HTTP2Session(role: .client)
    let server = try Server(role: .server)
    server.onEvents = { stream, events in
      if events.contains(.end) { stream.respond(self.fields((":status", "200")), endStream: true) }
    }
    let stream = Stream()
    for turn in 0..<3 {
      try client.open(stream, get, hasBody: false)
      #expect(stream.id == Int32(turn * 2 + 1))
      try exchange(client, server)
      #expect(stream.headers.status == 200)
      stream.recycle()
    }
    client.close()
    server.close()
  }
}

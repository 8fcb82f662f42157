import Bytes
import Testing

@testable import HTTP2

/// A server compares each header block with one before it: whatever is the same is not judged again, and nothing else may pass by that.
@Suite("Repeated header blocks")
struct HeaderMemoTests {
  final class Server: HTTP2Session {
    final class Stream: HTTP2Stream {
      var seen: HTTP2StreamEvents = []
      override func handle(_ events: HTTP2StreamEvents) { seen.formUnion(events) }
    }

    var streams: [Stream] = []
    override func makeStream() -> HTTP2Stream {
      let stream = Stream()
      streams.append(stream)
      return stream
    }
  }

  /// A client by hand: it sends what no library would. Every field as a literal that is not indexed.
  final class Peer {
    let server: Server
    private var nextID: UInt32 = 1

    init() throws {
      var configuration = HTTP2Configuration()
      // As for HTTP: a stream that is answered stays until its request has ended.
      configuration.resetsUnfinishedRequests = false
      server = try Server(role: .server, configuration: configuration)
      try send(RawConnection.preface)
    }

    func send(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try server.receive($0) } }

    /// A request, with its body where there is one, and the trailer after it.
    func request(
      _ fields: [(String, String)], body: String? = nil, trailers: [(String, String)]? = nil, stream: UInt32? = nil
    ) throws -> Server.Stream {
      let id = stream ?? nextID
      nextID = id + 2
      func send(_ type: UInt8, _ flags: UInt8, _ payload: [UInt8]) throws {
        try self.send(RawConnection.frame(type: type, flags: flags, stream: id, payload))
      }
      try send(1, body == nil ? 5 : 4, RawConnection.headers(fields))
      if let body { try send(0, trailers == nil ? 1 : 0, Array(body.utf8)) }
      if let trailers { try send(1, 5, RawConnection.headers(trailers)) }
      let stream = try #require(server.streams.last)
      try server.produce(upTo: 1 << 20)
      return stream
    }
  }

  static let fields = [
    (":method", "POST"), (":scheme", "http"), (":path", "/service/method"), (":authority", "127.0.0.1:80"), ("te", "trailers"), ("x-a", "1"),
  ]

  private func pairs(_ headers: HTTP2Headers) -> [String] { (0..<headers.count).map { headers.name($0) + "=" + headers.value($0) } }

  @Test func theSameBlockIsShared() throws {
    let peer = try Peer()
    let expected = Self.fields.map { $0.0 + "=" + $0.1 }
    for _ in 0..<5 {
      let stream = try peer.request(Self.fields)
      #expect(pairs(stream.headers) == expected)
      #expect(stream.headers.repeated.count == expected.count && stream.headers.isIdentical(to: peer.server.streams[0].headers))
    }
    peer.server.close()
  }

  @Test func whatDiffersIsSeen() throws {
    let peer = try Peer()
    _ = try peer.request(Self.fields)
    for index in Self.fields.indices where index != 1 && index != 4 {
      var fields = Self.fields
      fields[index].1 = index == 0 ? "GET" : fields[index].1 + "9"
      let stream = try peer.request(fields)
      #expect(pairs(stream.headers) == fields.map { $0.0 + "=" + $0.1 })
      #expect(!stream.headers.isIdentical(to: peer.server.streams[0].headers))
    }
    let longer = Self.fields + [("x-b", "2")]
    #expect(pairs(try peer.request(longer).headers) == longer.map { $0.0 + "=" + $0.1 })
    let shorter = Array(Self.fields.dropLast())
    #expect(pairs(try peer.request(shorter).headers) == shorter.map { $0.0 + "=" + $0.1 })
    #expect(pairs(try peer.request(Self.fields).headers) == Self.fields.map { $0.0 + "=" + $0.1 })
    peer.server.close()
  }

  /// Each begins like the block that was accepted, and is wrong.
  @Test(arguments: [
    fields + [fields[2]], fields + [("connection", "close")], fields + [(":path", "/")], Array(fields.dropFirst()), Array(fields.prefix(3)),
    Array(fields.prefix(2)) + [("x-a", "1")] + Array(fields.dropFirst(2)), fields.map { ($0.0 == "te" ? "te" : $0.0, $0.0 == "te" ? "gzip" : $0.1) },
    fields.reversed(), [fields[0], fields[0]] + Array(fields.dropFirst(2)), [],
  ])
  func aWrongBlockIsRefused(_ wrong: [(String, String)]) throws {
    let peer = try Peer()
    _ = try peer.request(Self.fields)
    let stream = try peer.request(wrong)
    #expect(stream.seen == .closed && stream.closeCode == .protocolError)
    #expect(try peer.request(Self.fields).seen.contains(.headers), "the connection goes on")
    peer.server.close()
  }

  /// Between the two parts of the block another request is answered, which ends its stream unless it has more to send.
  @Test(arguments: [true, false]) func aBlockInTwoReadsIsThatOfItsStream(otherEnds: Bool) throws {
    let peer = try Peer()
    _ = try peer.request(Self.fields)
    let changed = Array(Self.fields.dropLast()) + [("x-a", "2")]
    let other = RawConnection.frame(type: 1, flags: otherEnds ? 5 : 4, stream: 3, RawConnection.headers(Self.fields))
    let block = RawConnection.frame(type: 1, flags: 5, stream: 5, RawConnection.headers(changed))
    try peer.send(other + block.dropLast(2))
    let answer = HTTP2Fields()
    answer.add(":status", "200")
    peer.server.streams[1].respond(answer, endStream: true)
    try peer.server.produce(upTo: 1 << 20)
    try peer.send(Array(block.suffix(2)))
    #expect(pairs(peer.server.streams[1].headers) == Self.fields.map { $0.0 + "=" + $0.1 })
    #expect(pairs(peer.server.streams[2].headers) == changed.map { $0.0 + "=" + $0.1 })
    #expect(peer.server.streams[2].seen == [.headers, .end])
    peer.server.close()
  }

  /// Its own stream ends in the middle of the block.
  @Test func theRestOfABlockWithoutAStreamIsDropped() throws {
    let peer = try Peer()
    _ = try peer.request(Self.fields)
    let block = RawConnection.frame(type: 1, flags: 5, stream: 3, RawConnection.headers(Array(Self.fields.dropLast()) + [("x-a", "2")]))
    try peer.send(Array(block.dropLast(2)))
    peer.server.streams[1].reset(.cancel)
    try peer.server.produce(upTo: 1 << 20)
    try peer.send(Array(block.suffix(2)))
    #expect(peer.server.streams[1].seen == .closed)
    #expect(try peer.request(Self.fields, stream: 5).seen.contains(.headers), "the connection goes on")
    peer.server.close()
  }

  @Test func theLengthOfTheBodyIsThatOfTheRequest() throws {
    let peer = try Peer()
    let announced = Self.fields + [("content-length", "3")]
    for _ in 0..<3 {
      #expect(try peer.request(announced, body: "abc").seen == [.headers, .data, .end])
      for body in ["", "ab", "abcd"] {
        let stream = try peer.request(announced, body: body)
        #expect(!stream.seen.contains(.end) && stream.closeCode == .protocolError, "\(body)")
      }
      #expect(try peer.request(announced).closeCode == .protocolError, "no body at all")
      let twice = try peer.request(announced + [("content-length", "3")], body: "abc")
      #expect(twice.closeCode == .protocolError)
      let changed = try peer.request(Self.fields + [("content-length", "4")], body: "abcd")
      #expect(changed.seen == [.headers, .data, .end])
    }
    peer.server.close()
  }

  @Test func trailersAreJudgedAsSuch() throws {
    let peer = try Peer()
    for _ in 0..<2 {
      #expect(try peer.request(Self.fields, body: "a", trailers: [("x-t", "1")]).seen == [.headers, .data, .trailers, .end])
      #expect(try peer.request(Self.fields, body: "a", trailers: Self.fields).closeCode == .protocolError)
    }
    peer.server.close()
  }
}

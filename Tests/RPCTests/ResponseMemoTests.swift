import Bytes
import Testing

@testable import HTTP2

/// A client judges the fields of responses itself, and compares each block with one before it: what is the same is neither judged nor copied again,
/// and nothing else may pass by that.
@Suite("Header blocks of responses")
struct ResponseMemoTests {
  final class Stream: HTTP2Stream {
    var seen: HTTP2StreamEvents = []
    override func handle(_ events: HTTP2StreamEvents) { seen.formUnion(events) }
  }

  /// What a server sends on one stream, frame by frame.
  enum Part {
    case fields([(String, String)])
    case data(String)
  }

  /// A server by hand: it sends what no library would. Every field as a literal that is not indexed.
  final class Peer {
    let client: HTTP2Session

    init() throws {
      client = try HTTP2Session(role: .client)
      try send(RawConnection.frame(type: 4, flags: 0, stream: 0, []))
    }

    func send(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try client.receive($0) } }

    /// Makes a request and answers it with `parts`, the last of which ends the stream unless `isOpen`. `atOnce`: in one read.
    func answer(_ parts: [Part], isOpen: Bool = false, atOnce: Bool = false) throws -> Stream {
      let stream = Stream()
      let fields = HTTP2Fields()
      for (name, value) in [(":method", "POST"), (":scheme", "http"), (":path", "/a"), (":authority", "x")] { fields.add(name, value) }
      try client.open(stream, fields, hasBody: false)
      try client.produce(upTo: 1 << 20)
      var pending: [UInt8] = []
      for (index, part) in parts.enumerated() {
        let end: UInt8 = index == parts.count - 1 && !isOpen ? 1 : 0
        let (type, flags, payload): (UInt8, UInt8, [UInt8]) =
          switch part {
          case .data(let text): (0, end, Array(text.utf8))
          case .fields(let fields): (1, 4 | end, RawConnection.headers(fields))
          }
        pending += RawConnection.frame(type: type, flags: flags, stream: UInt32(stream.id), payload)
        if atOnce, index < parts.count - 1 { continue }
        try send(pending)
        pending = []
        try client.produce(upTo: 1 << 20)
      }
      return stream
    }
  }

  static let head = [(":status", "200"), ("content-type", "application/grpc"), ("x-a", "1")]
  static let trailer = [("grpc-status", "0"), ("x-t", "1")]
  static let whole: HTTP2StreamEvents = [.headers, .data, .trailers, .end, .closed]

  private func pairs(_ headers: HTTP2Headers) -> [String] { (0..<headers.count).map { headers.name($0) + "=" + headers.value($0) } }
  private func text(_ fields: [(String, String)]) -> [String] { fields.map { $0.0 + "=" + $0.1 } }

  @Test func theSameBlocksAreShared() throws {
    let peer = try Peer()
    let first = try peer.answer([.fields(Self.head), .data("a"), .fields(Self.trailer)])
    for _ in 0..<4 {
      let next = try peer.answer([.fields(Self.head), .data("a"), .fields(Self.trailer)])
      #expect(next.seen == Self.whole && next.closeCode == .noError)
      #expect(pairs(next.headers) == text(Self.head) && next.headers.isIdentical(to: first.headers))
      #expect(pairs(next.trailers) == text(Self.trailer) && next.trailers.isIdentical(to: first.trailers))
      #expect(next.headers.repeated.id != 0 && next.trailers.repeated.id != 0)
    }
    peer.client.close()
  }

  @Test func whatDiffersIsSeen() throws {
    let peer = try Peer()
    let variants = [Self.head, [(":status", "404")] + Self.head.dropFirst(), Self.head + [("x-b", "2")], Array(Self.head.dropLast()), Self.head]
    let trailers = [Self.trailer, [("grpc-status", "5"), ("x-t", "1")], Self.trailer + [("x-u", "2")], Array(Self.trailer.dropLast()), Self.trailer]
    // Often enough for another block to be remembered, twice.
    for _ in 0..<20 {
      for (head, trailer) in zip(variants, trailers) {
        let stream = try peer.answer([.fields(head), .data("a"), .fields(trailer)])
        #expect(stream.seen == Self.whole)
        #expect(pairs(stream.headers) == text(head) && pairs(stream.trailers) == text(trailer))
      }
    }
    peer.client.close()
  }

  /// Each is wrong, some of them only after they began like the one that was accepted.
  @Test(arguments: [
    [Part.fields([])], [.fields(Array(head.dropFirst()))], [.fields(head + [head[0]])], [.fields([head[1], head[0]])],
    [.fields(head + [("connection", "close")])], [.fields(head + [("transfer-encoding", "chunked")])], [.fields(head + [("te", "gzip")])],
    [.fields(head + [("Upper", "1")])], [.fields([(":status", "20")])], [.fields([(":status", "2x0")])], [.fields([(":status", "101")])],
    [.fields([(":status", "")])], [.fields(head + [("content-length", "x")])], [.fields(head + [("content-length", "1"), ("content-length", "1")])],
    [.fields([(":path", "/")] + head)], [.fields([(":unknown", "1")] + head)], [.fields(head + [(":unknown", "1")])],
    // Informational ones.
    [.fields([(":status", "103")])], [.fields([(":status", "103"), ("content-length", "0")])],
    [.fields([(":status", "103")]), .data("a")], [.fields([(":status", "103")]), .fields(trailer)],
    // What does not fit the length that was announced.
    [.fields(head + [("content-length", "3")])], [.fields(head + [("content-length", "3")]), .data("ab")],
    [.fields(head + [("content-length", "3")]), .data("abcd")], [.fields(head + [("content-length", "3")]), .data("ab"), .fields(trailer)],
    [.fields([(":status", "204")]), .data("a")], [.fields([(":status", "204"), ("content-length", "1")])],
    [.fields([(":status", "304")]), .data("a")],
    // Trailers.
    [.fields(head), .data("a"), .fields(head)], [.fields(head), .data("a"), .fields(trailer + [("connection", "close")])],
    [.fields(head), .data("a"), .fields(trailer + [(":status", "200")])],
  ])
  func aWrongAnswerIsRefused(_ parts: [Part]) throws {
    let peer = try Peer()
    for _ in 0..<2 {
      let stream = try peer.answer(parts)
      #expect(stream.seen.contains(.closed) && stream.closeCode == .protocolError)
      #expect(stream.seen.isDisjoint(with: [.end, .trailers]))
      #expect(try peer.answer([.fields(Self.head), .data("a"), .fields(Self.trailer)]).seen == Self.whole, "the connection goes on")
    }
    peer.client.close()
  }

  /// The stream is reset when all of it has been read: until then blocks arrive on it, upon what the wrong one has left.
  @Test(arguments: [head, trailer, []]) func moreThanAWrongBlock(_ next: [(String, String)]) throws {
    let peer = try Peer()
    let good: [Part] = [.fields(Self.head), .data("a"), .fields(Self.trailer)]
    _ = try peer.answer(good)
    for wrong in [Self.head + [("connection", "close")], Array(Self.head.prefix(2)) + [("te", "gzip")]] {
      for parts in [[.fields(wrong), .fields(next)], [.fields(wrong), .fields(Self.head), .fields(next)]] as [[Part]] {
        let stream = try peer.answer(parts, atOnce: true)
        #expect(stream.seen.contains(.closed) && stream.closeCode == .protocolError)
        #expect(try peer.answer(good).seen == Self.whole, "the connection goes on")
      }
    }
    peer.client.close()
  }

  /// Between the two parts of the block another request is sent to its end.
  @Test func aBlockInTwoReadsIsThatOfItsStream() throws {
    let peer = try Peer()
    _ = try peer.answer([.fields(Self.head), .data("a"), .fields(Self.trailer)])
    let (other, stream) = (Stream(), Stream())
    for (stream, hasBody) in [(other, true), (stream, false)] {
      let fields = HTTP2Fields()
      for (name, value) in [(":method", "POST"), (":scheme", "http"), (":path", "/a"), (":authority", "x")] { fields.add(name, value) }
      try peer.client.open(stream, fields, hasBody: hasBody)
    }
    try peer.client.produce(upTo: 1 << 20)
    let changed = Array(Self.head.dropLast()) + [("x-a", "2")]
    let block = RawConnection.frame(type: 1, flags: 4, stream: UInt32(stream.id), RawConnection.headers(changed))
    try peer.send(Array(block.dropLast(2)))
    other.finish()
    try peer.client.produce(upTo: 1 << 20)
    try peer.send(Array(block.suffix(2)))
    #expect(stream.seen == .headers && pairs(stream.headers) == text(changed))
    #expect(other.seen == [] && other.headers.count == 0)
    peer.client.close()
  }

  @Test func trailersEndTheStream() throws {
    let peer = try Peer()
    let stream = try peer.answer([.fields(Self.head), .data("a"), .fields(Self.trailer)], isOpen: true)
    #expect(stream.seen.contains(.closed) && stream.closeCode == .protocolError)
    peer.client.close()
  }

  @Test func whatIsAllowed() throws {
    let peer = try Peer()
    for _ in 0..<2 {
      let early = try peer.answer([.fields([(":status", "103"), ("link", "x")]), .fields(Self.head), .data("a"), .fields(Self.trailer)])
      #expect(early.seen == Self.whole && pairs(early.headers) == text(Self.head))
      let sized = try peer.answer([.fields(Self.head + [("content-length", "3")]), .data("abc")])
      #expect(sized.seen == [.headers, .data, .end, .closed] && sized.closeCode == .noError)
      let short = try peer.answer([.fields(Self.head)])
      #expect(short.seen == [.headers, .end, .closed])
      // A regular field with bytes that are not allowed is left out.
      let odd = try peer.answer([.fields(Self.head + [("x b", "1"), ("x-c", "a\u{1}"), ("x-d", "2")])])
      #expect(pairs(odd.headers) == text(Self.head + [("x-d", "2")]))
      let empty = try peer.answer([.fields([(":status", "204"), ("content-length", "0")])])
      #expect(empty.seen == [.headers, .end, .closed] && pairs(empty.headers) == [":status=204"])
    }
    peer.client.close()
  }
}

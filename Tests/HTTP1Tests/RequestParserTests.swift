import Bytes
import Testing

@testable import HTTP1

@Suite struct RequestParserTests {
  /// What a parser made of some input: every event, the body joined, and the error that ended it.
  struct Outcome {
    var heads: [HTTP1RequestHead] = []
    var bodies: [String] = []
    var trailers: [HTTPFields] = []
    var error: HTTP1Error?
  }

  static func parse(_ text: String, piece: Int, limits: HTTP1Limits = HTTP1Limits()) -> Outcome {
    var parser = HTTP1RequestParser(limits: limits)
    var outcome = Outcome()
    var buffer = ByteBuffer()
    var body: [UInt8] = []
    let bytes = Array(text.utf8)
    var offset = 0
    do throws(HTTP1Error) {
      while true {
        switch try parser.next(&buffer) {
        case .needMore:
          guard offset < bytes.count else { return outcome }
          buffer.append(contentsOf: bytes[offset..<min(offset + piece, bytes.count)])
          offset += piece
        case .head(let head):
          outcome.heads.append(head)
        case .body(let count):
          buffer.withUnsafeBytes { body += $0[..<count] }
          parser.consumeBody(&buffer, count)
        case .end(let trailers):
          outcome.bodies.append(String(decoding: body, as: UTF8.self))
          outcome.trailers.append(trailers)
          body = []
        }
      }
    } catch {
      outcome.error = error
      // An error is final: the parser must never find its feet again in the middle of an attack.
      if (try? parser.next(&buffer)) != nil { Issue.record("the parser went on after an error") }
      return outcome
    }
  }

  static let pieces = [1, 2, 3, 7, 100_000]

  @Test(arguments: pieces)
  func pipelinedRequests(piece: Int) {
    let outcome = Self.parse(
      "\r\nGET /a?b=c HTTP/1.1\r\nHost: example.org\r\nX-Empty:\r\nx-tabs: \t a b \t\r\n\r\n"
        + "POST /upload HTTP/1.1\r\nhost: h\r\nContent-Length: 5\r\n\r\nhello"
        + "PUT /c HTTP/1.1\r\nhost: h\r\nTransfer-Encoding: Chunked\r\nexpect: 100-Continue\r\n\r\n"
        + "5;ext=\"v\"\r\nhello\r\n00A\r\n, chunked!\r\n0\r\nDigest: x\r\n\r\n"
        + "OPTIONS * HTTP/1.1\r\nhost: h\r\nconnection: close, te\r\n\r\n" + "GET http://Example.org:80?q HTTP/1.0\r\nconnection: Keep-Alive\r\n\r\n",
      piece: piece)
    #expect(outcome.error == nil)
    #expect(outcome.heads.map(\.method) == ["GET", "POST", "PUT", "OPTIONS", "GET"])
    #expect(outcome.bodies == ["", "hello", "hello, chunked!", "", ""])
    #expect(outcome.heads.map(\.keepAlive) == [true, true, true, false, true])
    #expect(outcome.heads.map(\.expectsContinue) == [false, false, true, false, false])
    #expect(outcome.heads.map(\.framing) == [.none, .length(5), .chunked, .none, .none])
    #expect(outcome.heads.map(\.pathAndQuery) == ["/a?b=c", "/upload", "/c", "*", "/?q"])
    #expect(outcome.heads.map(\.authority) == ["example.org", "h", "h", "h", "Example.org:80"])
    #expect(outcome.heads.first?.fields["x-empty"] == "")
    #expect(outcome.heads.first?.fields["x-tabs"] == "a b")
    #expect(outcome.trailers.map { $0["digest"] } == [nil, nil, "x", nil, nil])
  }

  /// Every one of these must be refused with this status, whole or byte by byte, before its head or its body is believed.
  @Test(arguments: MalformedRequest.all)
  func malformedInputIsRefused(request: MalformedRequest) {
    for piece in [1, 5, 100_000] {
      let outcome = Self.parse(request.text, piece: piece)
      #expect(outcome.error?.status == request.status, "\(request.name), \(piece) bytes at a time: \(outcome)")
      #expect(outcome.bodies.isEmpty, "\(request.name)")
    }
  }

  @Test func limits() {
    var limits = HTTP1Limits()
    limits.requestLineBytesMax = 30
    limits.fieldLineBytesMax = 20
    limits.fieldBytesMax = 40
    limits.fieldCountMax = 4
    func status(_ text: String) -> Int? { Self.parse(text, piece: 1, limits: limits).error?.status }
    let exact = "GET /" + String(repeating: "a", count: 16) + " HTTP/1.1"
    #expect(exact.utf8.count == 30)
    #expect(status(exact + "\r\nhost:h\r\n\r\n") == nil)
    #expect(status("GET /" + String(repeating: "a", count: 17) + " HTTP/1.1\r\nhost:h\r\n\r\n") == 414)
    // An endless line is refused as soon as it is too long, not when it ends.
    #expect(status("GET /" + String(repeating: "a", count: 40)) == 414)
    #expect(status("GET / HTTP/1.1\r\nhost:" + String(repeating: "h", count: 15) + "\r\n\r\n") == nil)
    #expect(status("GET / HTTP/1.1\r\nhost:" + String(repeating: "h", count: 16) + "\r\n\r\n") == 431)
    #expect(status("GET / HTTP/1.1\r\nhost:h\r\na:b\r\nc:d\r\ne:f\r\n\r\n") == nil)
    #expect(status("GET / HTTP/1.1\r\nhost:h\r\na:b\r\nc:d\r\ne:f\r\ng:h\r\n\r\n") == 431)
    #expect(status("GET / HTTP/1.1\r\nhost:h\r\na:123456789012345678\r\nb:123456789012345678\r\n\r\n") == 431)
  }

  @Test func chunkExtensionsAreBounded() {
    var text = "POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n"
    for _ in 0..<40 { text += "1;" + String(repeating: "e", count: 200) + "\r\nx\r\n" }
    #expect(Self.parse(text, piece: 1000).error?.status == 400)
    let head = "POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n"
    #expect(Self.parse(head + "1;" + String(repeating: "e", count: 300), piece: 9).error?.status == 400)
  }

  /// Random damage to a good request: an answer or an error, never a trap, and never more body than was announced.
  @Test func damagedRequestsNeverTrap() {
    let good = Array(
      ("POST /x HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\na: b\r\n\r\n"
        + "GET / HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\nabc").utf8)
    var random = SystemRandomNumberGenerator()
    for _ in 0..<3000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let at = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: at)
        default: bytes.insert([0x0D, 0x0A, 0x3A, 0x20, 0x30, 0x00].randomElement(using: &random) ?? 0, at: at)
        }
      }
      var parser = HTTP1RequestParser()
      var buffer = ByteBuffer(copying: bytes)
      loop: while let event = try? parser.next(&buffer) {
        switch event {
        case .needMore: break loop
        case .body(let count): parser.consumeBody(&buffer, count)
        default: continue
        }
      }
    }
  }
}

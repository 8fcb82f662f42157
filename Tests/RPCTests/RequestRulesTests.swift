import Bytes
import Testing

@testable import HTTP2

/// A server judges the fields of a request itself: nghttp2 is told to let everything through.
@Suite("Fields of requests")
struct RequestRulesTests {
  static let plain = [(":method", "POST"), (":scheme", "http"), (":path", "/a"), (":authority", "x")]

  private func judge(_ fields: [(String, String)], isTrailer: Bool = false) -> (verdicts: [Bool], rules: RequestRules) {
    var rules = RequestRules(isTrailer: isTrailer)
    let verdicts = fields.map { name, value in
      Array(name.utf8).withUnsafeBytes { name in Array(value.utf8).withUnsafeBytes { rules.judge(name, $0) } }
    }
    return (verdicts, rules)
  }

  private func isRequest(_ fields: [(String, String)]) -> Bool {
    var (verdicts, rules) = judge(fields)
    return !verdicts.contains(false) && rules.endBlock()
  }

  @Test func whatARequestNeeds() {
    #expect(isRequest(Self.plain))
    for index in Self.plain.indices {
      var fields = Self.plain
      fields.remove(at: index)
      #expect(!isRequest(fields), "without \(Self.plain[index].0)")
      #expect(!isRequest(Self.plain + [Self.plain[index]]), "twice \(Self.plain[index].0)")
      fields = Self.plain
      fields[index].1 = ""
      #expect(!isRequest(fields), "empty \(Self.plain[index].0)")
    }
    #expect(isRequest(Array(Self.plain.prefix(3)) + [("host", "x")]))
    #expect(isRequest([(":method", "CONNECT"), (":authority", "x:1")]))
    #expect(!isRequest([(":method", "CONNECT"), (":authority", "x:1"), (":path", "/")]))
    #expect(!isRequest([(":method", "CONNECT")]))
    #expect(isRequest([(":method", "OPTIONS"), (":scheme", "https"), (":path", "*"), (":authority", "x")]))
    #expect(!isRequest([(":method", "GET"), (":scheme", "https"), (":path", "*"), (":authority", "x")]))
    #expect(!isRequest([(":method", "GET"), (":scheme", "HTTP"), (":path", "a"), (":authority", "x")]))
    #expect(isRequest([(":method", "GET"), (":scheme", "urn"), (":path", "a"), (":authority", "x")]))
  }

  @Test(arguments: [
    (":status", "200"), (":protocol", "websocket"), (":unknown", "1"), (":Path", "/"), ("Upper", "1"), ("connection", "close"),
    ("keep-alive", "1"), ("proxy-connection", "1"), ("transfer-encoding", "chunked"), ("upgrade", "h2c"), ("te", "gzip"), ("content-length", "-1"),
    ("content-length", "1a"), ("content-length", ""), ("content-length", "99999999999999999999"), ("host", ""),
  ])
  func malformed(_ field: (String, String)) {
    #expect(judge(Self.plain + [field]).verdicts.last == false, "\(field)")
  }

  @Test(arguments: ["/a b", "/a\t", "/\u{7F}", "/aaaaaaaaaaaaaaa\u{1}", "/\0"])
  func pathsThatAreNone(_ path: String) { #expect(judge([(":path", path)]).verdicts == [false]) }

  @Test(arguments: ["x y", "x/", "x\"", "abcdefgh<ijklmn", "a\u{E9}", "{"])
  func authoritiesThatAreNone(_ authority: String) {
    #expect(judge([(":authority", authority)]).verdicts == [false])
    #expect(judge([("host", authority)]).verdicts == [false])
  }

  @Test(arguments: ["P OST", "", "GE\u{0}T", "(", "\u{E9}"])
  func methodsThatAreNone(_ method: String) { #expect(judge([(":method", method)]).verdicts == [false]) }

  @Test(arguments: ["1http", "ht tp", "http:", "\u{E9}"])
  func schemesThatAreNone(_ scheme: String) { #expect(judge([(":scheme", scheme)]).verdicts == [false]) }

  @Test(arguments: ["a b", "a(b", "a\u{1}", "\u{E9}", "abcdefghijklmnop\"", "abcdefg{", ""])
  func namesThatAreNone(_ name: String) {
    #expect(judge([(name, "1")]).verdicts == [false])
  }

  @Test(arguments: [" a", "a ", "\ta", "a\t", "a\u{0}b", "a\nb", "abcdefghij\r", "\u{7F}", "abcdefghijklmno\u{1F}p"])
  func valuesThatAreNone(_ value: String) { #expect(judge([("x-a", value)]).verdicts == [false]) }

  @Test(arguments: ["", "a", "a b", "a\tb", "abc", "abcd", "abcdefg", "abcdefgh", "abcdefghi jklmnop\tq", "\u{E9}\u{FF}", "~!@#$%^&*()"])
  func valuesThatAreFine(_ value: String) { #expect(judge([("x-a", value)]).verdicts == [true]) }

  @Test func everyByteOfANameAndAValue() {
    let tokens = Set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz".utf8)
    for byte in UInt8.min...UInt8.max {
      for length in 1...17 {
        for place in Set([0, length / 2, length - 1]) {
          var text = [UInt8](repeating: UInt8(ascii: "m"), count: length)
          text[place] = byte
          let (isName, isPath) = text.withUnsafeBytes { (FieldText.isName($0), FieldText.isPath($0)) }
          #expect(isName == tokens.contains(byte), "name with \(byte) at \(place) of \(length)")
          #expect(isPath == (byte > 0x20 && byte != 0x7F), "path with \(byte) at \(place) of \(length)")
          let isEdge = place == 0 || place == length - 1
          let isValue = text.withUnsafeBytes { FieldText.isValue($0) }
          let expected = byte == 0x09 || byte == 0x20 ? !isEdge : byte > 0x20 && byte != 0x7F
          #expect(isValue == expected, "value with \(byte) at \(place) of \(length)")
        }
      }
    }
  }

  @Test func trailersHaveNoPseudoHeaderFields() {
    #expect(judge([("x-a", "1")], isTrailer: true).verdicts == [true])
    #expect(judge([(":path", "/")], isTrailer: true).verdicts == [false])
  }

  @Test func theOrderOfFields() {
    #expect(judge([("x-a", "1"), (":path", "/")]).verdicts == [true, false])
    #expect(judge([("te", "Trailers"), ("te", "trailers")]).verdicts == [true, true])
    #expect(judge([("content-length", "1"), ("content-length", "1")]).verdicts == [true, false])
    #expect(judge([("content-length", "17")]).rules.contentLength == 17)
  }
}

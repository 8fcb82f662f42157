import Testing

/// A request that must be refused, and the status it must get. Used on the parser alone and on a real server.
struct MalformedRequest: Sendable, CustomTestStringConvertible {
  let name: String
  let text: String
  let status: Int

  var testDescription: String { name }

  private init(_ name: String, _ text: String, _ status: Int = 400) {
    self.name = name
    self.text = text
    self.status = status
  }

  /// A head with these field lines, then whatever follows.
  private static func fields(_ lines: String, then rest: String = "") -> String {
    "POST /echo HTTP/1.1\r\nHost: h\r\n\(lines)\r\n\r\n\(rest)"
  }

  private static let chunked = "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"

  static let all: [MalformedRequest] = requestLines + fieldLines + framing + chunks

  private static let requestLines = [
    MalformedRequest("bare LF after the request line", "GET / HTTP/1.1\nHost: h\r\n\r\n"),
    MalformedRequest("bare CR in the request line", "GET /\rx HTTP/1.1\r\nHost: h\r\n\r\n"),
    MalformedRequest("two spaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n"),
    MalformedRequest("tab as separator", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n"),
    MalformedRequest("leading space", " GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
    MalformedRequest("trailing space", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n"),
    MalformedRequest("HTTP/0.9", "GET /\r\n\r\n"),
    MalformedRequest("lower-case version", "GET / http/1.1\r\nHost: h\r\n\r\n"),
    MalformedRequest("version with two digits", "GET / HTTP/1.10\r\nHost: h\r\n\r\n"),
    MalformedRequest("HTTP/2.0 in text", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505),
    MalformedRequest("HTTP/3.0", "GET / HTTP/3.0\r\nHost: h\r\n\r\n", 505),
    MalformedRequest("method that is no token", "G@T / HTTP/1.1\r\nHost: h\r\n\r\n"),
    MalformedRequest("method too long", String(repeating: "A", count: 33) + " / HTTP/1.1\r\nHost: h\r\n\r\n"),
    MalformedRequest("NUL in the target", "GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n"),
    MalformedRequest("fragment in the target", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n"),
    MalformedRequest("raw UTF-8 in the target", "GET /ü HTTP/1.1\r\nHost: h\r\n\r\n"),
    MalformedRequest("relative target", "GET a HTTP/1.1\r\nHost: h\r\n\r\n"),
    MalformedRequest("other scheme", "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n"),
    MalformedRequest("absolute target without host", "GET http:///x HTTP/1.1\r\nHost: h\r\n\r\n"),
    MalformedRequest("user info in an absolute target", "GET http://a@b/x HTTP/1.1\r\nHost: h\r\n\r\n"),
    MalformedRequest("asterisk with GET", "GET * HTTP/1.1\r\nHost: h\r\n\r\n"),
    MalformedRequest("empty lines before it", "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"),
    MalformedRequest("TLS hello on a plain port", "\u{16}\u{03}\u{01}\r\n\r\n"),
    MalformedRequest("target too long", "GET /" + String(repeating: "a", count: 9000) + " HTTP/1.1\r\nHost: h\r\n\r\n", 414),
  ]

  private static let fieldLines = [
    MalformedRequest("no Host", "GET / HTTP/1.1\r\n\r\n"),
    MalformedRequest("two Hosts", fields("Host: h")),
    MalformedRequest("Host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
    MalformedRequest("Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    MalformedRequest("Host with user info", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
    MalformedRequest("folded line", fields("A: b\r\n c")),
    MalformedRequest("first line folded", "GET / HTTP/1.1\r\n Host: h\r\n\r\n"),
    MalformedRequest("space before the colon", fields("Content-Length : 5", then: "hello")),
    MalformedRequest("no colon", fields("Nonsense")),
    MalformedRequest("empty name", fields(": x")),
    MalformedRequest("bare LF between fields", fields("A: b\nTransfer-Encoding: chunked")),
    MalformedRequest("bare CR in a value", fields("A: b\rc")),
    MalformedRequest("NUL in a value", fields("A: b\0c")),
    MalformedRequest("DEL in a value", fields("A: b\u{7F}c")),
    MalformedRequest("control character in a name", fields("A\u{01}: b")),
    MalformedRequest("UTF-8 in a name", fields("Ä: b")),
    MalformedRequest("field too long", fields("A: " + String(repeating: "b", count: 9000)), 431),
    MalformedRequest(
      "fields too long together", fields((0..<20).map { "A\($0): " + String(repeating: "b", count: 4000) }.joined(separator: "\r\n")), 431),
    MalformedRequest("too many fields", fields((0..<120).map { "A\($0): b" }.joined(separator: "\r\n")), 431),
    MalformedRequest("unknown expectation", fields("Expect: tea\r\nContent-Length: 1"), 417),
  ]

  private static let framing = [
    MalformedRequest("TE and CL", fields("Transfer-Encoding: chunked\r\nContent-Length: 5", then: "0\r\n\r\n")),
    MalformedRequest("CL and TE", fields("Content-Length: 5\r\nTransfer-Encoding: chunked", then: "0\r\n\r\n")),
    MalformedRequest("two differing CL", fields("Content-Length: 5\r\nContent-Length: 6", then: "hello!")),
    MalformedRequest("two equal CL", fields("Content-Length: 5\r\nContent-Length: 5", then: "hello")),
    MalformedRequest("CL list", fields("Content-Length: 5, 5", then: "hello")),
    MalformedRequest("negative CL", fields("Content-Length: -1")),
    MalformedRequest("CL with a plus", fields("Content-Length: +5", then: "hello")),
    MalformedRequest("hexadecimal CL", fields("Content-Length: 0x5", then: "hello")),
    MalformedRequest("CL with a space", fields("Content-Length: 1 0", then: "hellohello")),
    MalformedRequest("empty CL", fields("Content-Length:")),
    MalformedRequest("CL past 2^64", fields("Content-Length: 18446744073709551617", then: "x")),
    MalformedRequest("CL in other digits", fields("Content-Length: \u{0665}", then: "hello")),
    MalformedRequest("TE gzip, chunked", fields("Transfer-Encoding: gzip, chunked"), 501),
    MalformedRequest("TE identity", fields("Transfer-Encoding: identity"), 501),
    MalformedRequest("TE chunked twice", fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 501),
    MalformedRequest("TE chunked list", fields("Transfer-Encoding: chunked, chunked"), 501),
    MalformedRequest("TE with a quote", fields("Transfer-Encoding: \"chunked\""), 501),
    MalformedRequest("TE with a vertical tab", fields("Transfer-Encoding: \u{0B}chunked")),
    MalformedRequest("TE xchunked", fields("Transfer-Encoding: xchunked"), 501),
    MalformedRequest("TE in HTTP/1.0", "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
  ]

  private static let chunks = [
    MalformedRequest("chunk size that is not hexadecimal", chunked + "g\r\nx\r\n"),
    MalformedRequest("empty chunk size", chunked + "\r\nx\r\n"),
    MalformedRequest("chunk size with a sign", chunked + "-1\r\nx\r\n"),
    MalformedRequest("chunk size with 0x", chunked + "0x1\r\nx\r\n"),
    MalformedRequest("chunk size with a leading space", chunked + " 1\r\nx\r\n"),
    MalformedRequest("chunk size with a trailing space", chunked + "1 \r\nx\r\n"),
    MalformedRequest("chunk size past 2^64", chunked + "10000000000000001\r\nx\r\n"),
    MalformedRequest("chunk size with a bare LF", chunked + "1\nx\r\n"),
    MalformedRequest("chunk extension with a bare CR", chunked + "1;a\rb\r\nx\r\n"),
    MalformedRequest("chunk longer than its size", chunked + "1\r\nxy\r\n0\r\n\r\n"),
    MalformedRequest("chunk ended by a bare LF", chunked + "1\r\nx\n0\r\n\r\n"),
    MalformedRequest("trailer that frames", chunked + "0\r\nContent-Length: 5\r\n\r\n"),
    MalformedRequest("trailer that authenticates", chunked + "0\r\nAuthorization: Bearer x\r\n\r\n"),
    MalformedRequest("trailer without a colon", chunked + "0\r\nnonsense\r\n\r\n"),
    MalformedRequest("folded trailer", chunked + "0\r\n a: b\r\n\r\n"),
    MalformedRequest(
      "trailers too long", chunked + "0\r\n" + String(repeating: "a: " + String(repeating: "b", count: 500) + "\r\n", count: 20) + "\r\n", 431),
  ]
}

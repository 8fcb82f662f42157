import Bytes

/// A strict parser of HTTP/1.1 requests (RFC 9112) without I/O: bytes in, events out.
///
/// Call `next` until it asks for more. Lines are taken from the front of the buffer as they are complete. Body bytes are
/// left in it: `.body(n)` says that the first `n` bytes of the buffer are body, and the caller takes any number of
/// them with `consumeBody`, so it decides how fast the body moves.
///
/// Refused, because two parsers could read them differently: a bare CR or LF, folded lines, space before a colon,
/// `Transfer-Encoding` together with `Content-Length`, more than one `Content-Length`, a coding other than `chunked`.
public struct HTTP1RequestParser: ~Copyable {
  public enum Event: Equatable, Sendable {
    /// Nothing more in this buffer: read, then call again.
    case needMore
    case head(HTTP1RequestHead)
    /// That many bytes at the front of the buffer are body.
    case body(Int)
    /// The message is complete; trailers only after a chunked body. The next call starts the next request.
    case end(trailers: HTTPFields)
  }

  enum State {
    case requestLine
    case fieldLines
    case body(left: UInt64)
    case chunkSize
    case chunkData(left: UInt64)
    case chunkDataEnd
    case trailers
    case end
    case failed(HTTP1Error)
  }

  let limits: HTTP1Limits
  var state = State.requestLine
  var lines = HTTP1LineReader()
  var head = HTTP1HeadBuilder()
  private var emptyLines = 0
  private var chunkExtensionBytes = 0

  public init(limits: HTTP1Limits = HTTP1Limits()) {
    self.limits = limits
  }

  /// True between requests: nothing of the next one has been read.
  public var isBetweenMessages: Bool {
    if case .requestLine = state { return true }
    return false
  }

  /// Body bytes still to come by Content-Length; nil where that is not known or there is no body.
  public var bodyBytesLeft: UInt64? {
    if case .body(let left) = state { return left }
    return nil
  }

  /// The next event of `input`. After an error the same error is thrown for ever.
  public mutating func next(_ input: inout ByteBuffer) throws(HTTP1Error) -> Event {
    do throws(HTTP1Error) {
      return try advance(&input)
    } catch {
      state = .failed(error)
      throw error
    }
  }

  /// Takes `count` body bytes, which the caller has used, off the front. At most what the last `.body` event said.
  public mutating func consumeBody(_ input: inout ByteBuffer, _ count: Int) {
    input.discardFirst(count)
    consumedBody(count)
  }

  /// As `consumeBody`, for bytes that the caller read past the buffer straight from the socket. The buffer must be empty then.
  public mutating func consumedBody(_ count: Int) {
    switch state {
    case .body(let left):
      precondition(UInt64(count) <= left, "more body consumed than there is")
      state = left == UInt64(count) ? .end : .body(left: left - UInt64(count))
    case .chunkData(let left):
      precondition(UInt64(count) <= left, "more body consumed than there is")
      state = left == UInt64(count) ? .chunkDataEnd : .chunkData(left: left - UInt64(count))
    default:
      precondition(count == 0, "no body to consume")
    }
  }

  private mutating func advance(_ input: inout ByteBuffer) throws(HTTP1Error) -> Event {
    while true {
      switch state {
      case .requestLine:
        let tooLong = HTTP1Error(status: 414, "The request line is longer than \(limits.requestLineBytesMax) bytes.")
        guard let line = try lines.next(&input, bytesMax: limits.requestLineBytesMax, tooLong) else { return .needMore }
        try takeRequestLine(&input, line)
      case .fieldLines:
        let tooLong = HTTP1Error(status: 431, "A header field is longer than \(limits.fieldLineBytesMax) bytes.")
        guard let line = try lines.next(&input, bytesMax: limits.fieldLineBytesMax, tooLong) else { return .needMore }
        guard line > 0 else { return .head(try finishHead(&input)) }
        try input.withUnsafeBytes { (bytes) throws(HTTP1Error) in try head.addField(UnsafeRawBufferPointer(rebasing: bytes[..<line]), limits) }
        lines.drop(line, from: &input)
      case .body(let left), .chunkData(let left):
        return input.isEmpty ? .needMore : .body(Int(min(left, UInt64(input.count))))
      case .chunkSize:
        let tooLong = HTTP1Error("A chunk-size line is longer than \(limits.chunkLineBytesMax) bytes.")
        guard let line = try lines.next(&input, bytesMax: limits.chunkLineBytesMax, tooLong) else { return .needMore }
        try takeChunkSize(&input, line)
      case .chunkDataEnd:
        let misplaced = HTTP1Error("A chunk is not followed by CRLF.")
        guard let line = try lines.next(&input, bytesMax: 0, misplaced) else { return .needMore }
        lines.drop(line, from: &input)
        state = .chunkSize
      case .trailers:
        let tooLong = HTTP1Error(status: 431, "The trailer section is longer than \(limits.trailerBytesMax) bytes.")
        guard let line = try lines.next(&input, bytesMax: limits.trailerBytesMax, tooLong) else { return .needMore }
        if line > 0 {
          try input.withUnsafeBytes { (bytes) throws(HTTP1Error) in try head.addTrailer(UnsafeRawBufferPointer(rebasing: bytes[..<line]), limits) }
        } else {
          state = .end
        }
        lines.drop(line, from: &input)
      case .end:
        let trailers = head.takeTrailers()
        reset()
        return .end(trailers: trailers)
      case .failed(let error):
        throw error
      }
    }
  }

  private mutating func takeRequestLine(_ input: inout ByteBuffer, _ line: Int) throws(HTTP1Error) {
    if line == 0 {
      emptyLines += 1
      guard emptyLines <= limits.leadingEmptyLinesMax else { throw HTTP1Error("The request starts with empty lines.") }
    } else {
      try input.withUnsafeBytes { (bytes) throws(HTTP1Error) in try head.setRequestLine(UnsafeRawBufferPointer(rebasing: bytes[..<line])) }
      state = .fieldLines
    }
    lines.drop(line, from: &input)
  }

  private mutating func finishHead(_ input: inout ByteBuffer) throws(HTTP1Error) -> HTTP1RequestHead {
    let head = try head.finish()
    lines.drop(0, from: &input)
    switch head.framing {
    case .none: state = .end
    case .length(let count): state = .body(left: count)
    case .chunked: state = .chunkSize
    }
    return head
  }

  private mutating func takeChunkSize(_ input: inout ByteBuffer, _ line: Int) throws(HTTP1Error) {
    let (size, extensionBytes) = try input.withUnsafeBytes { (bytes) throws(HTTP1Error) in
      try HTTP1ChunkSize.parse(UnsafeRawBufferPointer(rebasing: bytes[..<line]))
    }
    chunkExtensionBytes += extensionBytes
    guard chunkExtensionBytes <= limits.chunkExtensionBytesMax else {
      throw HTTP1Error("The chunk extensions are longer than \(limits.chunkExtensionBytesMax) bytes.")
    }
    lines.drop(line, from: &input)
    state = size == 0 ? .trailers : .chunkData(left: size)
  }

  private mutating func reset() {
    state = .requestLine
    head = HTTP1HeadBuilder()
    emptyLines = 0
    chunkExtensionBytes = 0
  }
}

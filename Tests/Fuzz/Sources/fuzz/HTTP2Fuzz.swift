import Bytes
import HTTP2

/// Whatever bytes as the peer's half of a connection, cut into pieces of various sizes; the session answers what it understands.
enum HTTP2Fuzz {
  private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  static func server(_ input: UnsafeRawBufferPointer) {
    guard let session = try? Session(role: .server) else { return }
    // Most inputs would die on a preface that is not there.
    let isComplete = input.first.map { $0 & 0x80 == 0 } ?? false
    feed(session, (isComplete ? preface : []) + Array(input.dropFirst(2)), pieceBytes: input.count > 1 ? Int(input[1]) + 1 : 1)
  }

  static func client(_ input: UnsafeRawBufferPointer) {
    guard let session = try? Session(role: .client) else { return }
    let fields = HTTP2Fields()
    for (name, value) in [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "a")] { fields.add(name, value) }
    for hasBody in [false, true] {
      let stream = Stream()
      try? session.open(stream, fields, hasBody: hasBody)
      if hasBody {
        stream.output.append(utf8: "question")
        stream.outputChanged()
      }
    }
    try? session.produce(upTo: 1 << 16)
    session.outbound.clear()
    feed(session, Array(input.dropFirst(2)), pieceBytes: input.count > 1 ? Int(input[1]) + 1 : 1)
  }

  private static func feed(_ session: Session, _ bytes: [UInt8], pieceBytes: Int) {
    defer { session.close() }
    var now: UInt64 = 1
    for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
      now += 7_000_000
      session.clockAdvanced(toNanoseconds: now)
      do {
        var piece = bytes[start..<min(start + pieceBytes, bytes.count)]
        if let target = session.payloadTarget() {
          let part = piece.prefix(target.count)
          target.copyBytes(from: part)
          try session.receivePayload(UnsafeRawBufferPointer(rebasing: target[..<part.count]))
          piece = piece.dropFirst(part.count)
        }
        try piece.withUnsafeBytes { try session.receive($0) }
        try session.produce(upTo: 1 << 16)
      } catch { break }
      session.outbound.clear()
      Fuzz.require(session.heldBytes >= 0, "a session never holds less than nothing")
      if session.isFinished { break }
    }
    try? session.produce(upTo: 1 << 16)
    session.close()
    Fuzz.require(session.openStreams == 0, "closing ends all streams")
    Fuzz.require(session.heldBytes == 0, "closed streams hold nothing")
  }

  private final class Session: HTTP2Session {
    override func makeStream() -> HTTP2Stream { Stream() }
  }

  /// Does with each request what its first bytes say.
  private final class Stream: HTTP2Stream {
    nonisolated(unsafe) private static let responseFields: HTTP2Fields = {
      let fields = HTTP2Fields()
      fields.add(":status", "200")
      return fields
    }()

    override func handle(_ events: HTTP2StreamEvents) {
      if events.contains(.headers) {
        for index in 0..<headers.count { _ = (headers.name(index), headers.value(index)) }
        _ = headers.status
      }
      guard !events.contains(.closed) else { return Fuzz.require(!isOpen, "a closed stream has no session") }
      let kind = input.isEmpty ? 0 : input[0] & 7
      let count = input.count
      switch kind {
      case 0, 1:
        respond(Self.responseFields)
        output.append(utf8: "answer")
        lentOutput.append(LentBlock([UInt8](repeating: 7, count: 5_000)), 0..<5_000, behind: output.count)
        outputChanged()
        discardInput(count)
        grant(count)
        if inputEnded || kind == 1 { finish() }
      case 2: respond(Self.responseFields, endStream: true)
      case 3: reset(.cancel)
      case 4:
        respond(Self.responseFields)
        finish(trailers: Self.responseFields)
      case 5:
        // As a call does that has read how long its message will be: what follows is read to its place.
        if events.contains(.data) { expectInput(200_000) }
        grant(1_000)
      default:
        discardInput(count / 2)
        grant(count / 2)
      }
    }
  }
}

import Bytes
import HTTP1

/// HTTP/1.1 requests, one after the other on a connection, cut into pieces: the cuts must not change what is understood.
enum HTTP1Fuzz {
  static func requests(_ input: UnsafeRawBufferPointer) {
    guard let first = input.first else { return }
    let bytes = Array(input.dropFirst())
    let whole = parse(bytes, pieceBytes: max(bytes.count, 1))
    let cut = parse(bytes, pieceBytes: Int(first) % 61 + 1)
    Fuzz.require(whole == cut, "the same bytes mean the same however they are cut")
  }

  private static func parse(_ bytes: [UInt8], pieceBytes: Int) -> [String] {
    var parser = HTTP1RequestParser()
    var buffer = ByteBuffer()
    var seen: [String] = []
    var body = 0
    do throws(HTTP1Error) {
      for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
        buffer.append(contentsOf: bytes[start..<min(start + pieceBytes, bytes.count)])
        events: while true {
          switch try parser.next(&buffer) {
          case .needMore: break events
          case .head(let head): seen.append("\(head)")
          case .body(let count):
            Fuzz.require(count > 0 && count <= buffer.count, "a body is what is in the buffer")
            parser.consumeBody(&buffer, count)
            body += count
          case .end(let trailers):
            seen.append("\(body) \(trailers)")
            body = 0
          }
        }
      }
    } catch { seen.append("\(error)") }
    return seen
  }
}

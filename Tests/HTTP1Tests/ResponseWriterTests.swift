import Bytes
import Testing

@testable import HTTP1

@Suite struct ResponseWriterTests {
  private func written(_ body: (inout ByteBuffer) -> Void) -> String {
    var buffer = ByteBuffer()
    body(&buffer)
    return String(decoding: buffer.array, as: UTF8.self)
  }

  @Test func heads() {
    let fields = HTTPFields([("Content-Type", "text/plain"), ("Content-Length", "999"), ("Connection", "nonsense")])
    #expect(
      written { HTTP1ResponseWriter.writeHead(status: 200, fields: fields, framing: .length(1_234_567), keepAlive: true, into: &$0) }
        == "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 1234567\r\n\r\n")
    #expect(
      written { HTTP1ResponseWriter.writeHead(status: 204, fields: HTTPFields(), framing: .none, keepAlive: false, into: &$0) }
        == "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
    #expect(
      written { HTTP1ResponseWriter.writeHead(status: 200, fields: HTTPFields(), framing: .length(0), keepAlive: true, version: .http10, into: &$0) }
        == "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n")
  }

  @Test func aValueCannotStartALine() {
    let fields = HTTPFields([("content-disposition", "a\r\nset-cookie: b\0")])
    let text = written { HTTP1ResponseWriter.writeHead(status: 200, fields: fields, framing: .chunked, keepAlive: true, into: &$0) }
    #expect(text == "HTTP/1.1 200 OK\r\ncontent-disposition: a  set-cookie: b \r\ntransfer-encoding: chunked\r\n\r\n")
  }

  @Test(arguments: [(0, ""), (1, "1\r\n"), (15, "f\r\n"), (16, "10\r\n"), (255, "ff\r\n"), (256, "100\r\n"), (65536, "10000\r\n")])
  func chunks(count: Int, prefix: String) {
    let bytes = [UInt8](repeating: 0x78, count: count)
    let text = written { output in bytes.withUnsafeBytes { HTTP1ResponseWriter.writeChunk($0, into: &output) } }
    #expect(text == (count == 0 ? "" : prefix + String(repeating: "x", count: count) + "\r\n"))
  }

  @Test func end() {
    #expect(written { HTTP1ResponseWriter.writeChunkedEnd(into: &$0) } == "0\r\n\r\n")
    #expect(written { HTTP1ResponseWriter.writeChunkedEnd(trailers: HTTPFields([("a", "b")]), into: &$0) } == "0\r\na: b\r\n\r\n")
  }
}

/// One request, without its body.
public struct HTTPClientRequest: Sendable {
  public enum Method: String, Sendable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
  }

  public var method: Method
  /// Absolute, `http` or `https`, percent-encoded; sent as it is.
  public var url: String
  /// Sent in this order, besides Host and Content-Length.
  public var headers: [(name: String, value: String)]
  /// For the whole exchange, body included; nil: as long as there is progress.
  public var timeoutMilliseconds: UInt64?

  public init(_ method: Method, _ url: String, headers: [(name: String, value: String)] = [], timeoutMilliseconds: UInt64? = nil) {
    self.method = method
    self.url = url
    self.headers = headers
    self.timeoutMilliseconds = timeoutMilliseconds
  }

  /// Names are tokens and values have no control characters, or a header could begin another.
  func check() throws(HTTPClientError) {
    for header in headers {
      let name = header.name.utf8
      guard !name.isEmpty, name.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: ";") }) else {
        throw HTTPClientError(.invalidRequest, "a header name is not a token")
      }
      guard header.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
        throw HTTPClientError(.invalidRequest, "the value of header \(header.name) has a control character")
      }
    }
    let lowercased = url.prefix(8).lowercased()
    guard lowercased.hasPrefix("http://") || lowercased.hasPrefix("https://") else {
      throw HTTPClientError(.invalidRequest, "the URL does not begin with http:// or https://")
    }
    guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { throw HTTPClientError(.invalidRequest, "the URL is not percent-encoded") }
  }
}

/// A request body of known length, pulled piece by piece.
public struct HTTPClientBody {
  /// Bytes in all.
  public let size: UInt64
  /// Writes the next bytes to the front of the buffer and answers how many, 0 after the last. It is asked once more after the last
  /// byte, before that byte is sent: a body that throws then (a wrong hash, say) leaves the peer with an incomplete request.
  public let read: (UnsafeMutableRawBufferPointer) async throws -> Int

  public init(size: UInt64, read: @escaping (UnsafeMutableRawBufferPointer) async throws -> Int) {
    self.size = size
    self.read = read
  }

  /// Bytes that are at hand.
  public init(_ bytes: [UInt8]) {
    var position = 0
    self.init(size: UInt64(bytes.count)) { buffer in
      let count = min(buffer.count, bytes.count - position)
      bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + count])) }
      position += count
      return count
    }
  }
}

/// Status and header section of a response.
public struct HTTPClientResponseHead: Sendable {
  public var status: Int
  /// Names in lower case, in the order they came.
  public var headers: [(name: String, value: String)]

  /// The first value of a header; `name` in lower case.
  public subscript(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// A response whose body has been read whole.
public struct HTTPClientReply: Sendable {
  public var head: HTTPClientResponseHead
  public var body: [UInt8]

  public var status: Int { head.status }
}

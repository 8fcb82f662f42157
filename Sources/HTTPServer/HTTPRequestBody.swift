import EventLoops

/// The body of one request, pulled by its handler. Loop thread only.
///
/// Nothing is read ahead beyond a fixed buffer: while the handler does not read, the client is not read from either
/// (HTTP/1.1) or gets no window (HTTP/2).
public final class HTTPRequestBody: @unchecked Sendable {
  /// Bytes that the client announced; nil where it did not say (chunked, or HTTP/2 without content-length).
  public let announcedBytes: UInt64?
  /// Bytes handed out so far.
  public private(set) var receivedBytes: UInt64 = 0
  /// Above this, `read` throws `tooLarge`. A handler may lower it before it reads.
  public var bytesMax: UInt64
  private let exchange: HTTPExchange
  private var bytesSinceYield = 0

  /// A handler that is never kept waiting lets others run after this much.
  private static let bytesPerTurn = 1 << 20

  init(exchange: HTTPExchange, announcedBytes: UInt64?, bytesMax: UInt64) {
    self.exchange = exchange
    self.announcedBytes = announcedBytes
    self.bytesMax = bytesMax
  }

  /// Waits for the next bytes and writes them to `target`, which must stay valid meanwhile. At least one byte, or 0 at the end.
  /// - Throws: `HTTPBodyError`, or `CancellationError` where the task was cancelled.
  public func read(into target: UnsafeMutableRawBufferPointer) async throws -> Int {
    guard target.count > 0 else { return 0 }
    if let announcedBytes, announcedBytes > bytesMax { throw HTTPBodyError.tooLarge(bytesMax: bytesMax) }
    if bytesSinceYield >= Self.bytesPerTurn {
      bytesSinceYield = 0
      await Task.yield()
    }
    while true {
      switch try exchange.takeBody(into: target) {
      case .bytes(let count):
        receivedBytes += UInt64(count)
        bytesSinceYield += count
        guard receivedBytes <= bytesMax else { throw HTTPBodyError.tooLarge(bytesMax: bytesMax) }
        return count
      case .end:
        return 0
      case .wait:
        bytesSinceYield = 0
        try await exchange.waitForBody()
      }
    }
  }

  /// The whole body.
  /// - Throws: as `read`; `tooLarge` above `bytesMax` bytes.
  public func collect(bytesMax: Int) async throws -> [UInt8] {
    self.bytesMax = min(self.bytesMax, UInt64(max(bytesMax, 0)))
    var bytes: [UInt8] = []
    if let announcedBytes, announcedBytes <= self.bytesMax { bytes.reserveCapacity(Int(announcedBytes)) }
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 * 1024, alignment: 16)
    defer { piece.deallocate() }
    while true {
      let count = try await read(into: piece)
      guard count > 0 else { return bytes }
      bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece[..<count]))
    }
  }

  /// Reads and throws away what is left, up to `bytesMax` more bytes. True where the end was reached.
  public func drain(bytesMax: UInt64) async throws -> Bool {
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)
    defer { piece.deallocate() }
    let limit = receivedBytes + bytesMax
    while receivedBytes <= limit {
      if try await read(into: piece) == 0 { return true }
    }
    return false
  }
}

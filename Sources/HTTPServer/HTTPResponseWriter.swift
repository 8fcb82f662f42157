import EventLoops

/// Where a streaming handler writes its body. Loop thread only.
public final class HTTPResponseWriter: @unchecked Sendable {
  private let exchange: HTTPExchange
  private let length: UInt64?
  /// Bytes accepted so far.
  public private(set) var writtenBytes: UInt64 = 0

  init(exchange: HTTPExchange, length: UInt64?) {
    self.exchange = exchange
    self.length = length
  }

  /// Takes the bytes (they are copied) and suspends while the client is slow.
  /// - Throws: `HTTPBodyError.clientGone` or `.timedOut`; `CancellationError` where the task was cancelled.
  public func write(_ bytes: UnsafeRawBufferPointer) async throws {
    precondition(length.map { writtenBytes + UInt64(bytes.count) <= $0 } ?? true, "more written than the response's length")
    try await exchange.waitForRoom()
    writtenBytes += UInt64(bytes.count)
    try exchange.send(bytes)
  }

  public func write(_ bytes: [UInt8]) async throws {
    precondition(length.map { writtenBytes + UInt64(bytes.count) <= $0 } ?? true, "more written than the response's length")
    try await exchange.waitForRoom()
    writtenBytes += UInt64(bytes.count)
    try bytes.withUnsafeBytes { try exchange.send($0) }
  }

  public func write(_ text: String) async throws {
    try await write(Array(text.utf8))
  }
}

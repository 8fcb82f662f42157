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

  /// Takes the bytes at once, or none of them: for one writer with many readers, who waits for none of them.
  /// Only where the response's length is not given.
  /// - Parameter waitingBytesMax: what may wait for this client already; a client that is further behind is too slow.
  /// - Returns: false where the client is too slow or gone.
  public func offer(_ bytes: [UInt8], waitingBytesMax: Int) -> Bool {
    precondition(length == nil, "bytes are offered to responses without a length")
    let isTaken = bytes.withUnsafeBytes { exchange.offer($0, waitingBytesMax: waitingBytesMax) }
    if isTaken { writtenBytes += UInt64(bytes.count) }
    return isTaken
  }

  /// Output that this client has not taken yet, beyond what the kernel holds for it.
  public var waitingBytes: Int { exchange.waitingOutputBytes }

  /// From here on a client that closes its side of the connection is gone, and the handler is cancelled. (By default it may
  /// still wait for its answer.) For answers without an end, whose readers leave by closing.
  public func endWhenClientHalfCloses() { exchange.endWhenHalfClosed() }
}

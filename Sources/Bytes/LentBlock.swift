/// Bytes that stay in their place, unchanged, for as long as anything refers to them: so they can wait to be sent without being copied.
public final class LentBlock: @unchecked Sendable {
  private let array: [UInt8]
  private let buffer: ByteBuffer
  @usableFromInline let base: UnsafeRawPointer?
  public let count: Int
  /// Where this block is counted, once a part of it has gone on and the whole of it must stay.
  private var account: LentAccount?
  private var countedBytes = 0

  /// Holds `array`: its elements stay where they are, since whoever changes another copy of it from now on changes a copy.
  public init(_ array: [UInt8]) {
    self.array = array
    buffer = ByteBuffer()
    base = array.withUnsafeBytes { $0.baseAddress }
    count = array.count
  }

  public init(_ buffer: consuming ByteBuffer) {
    array = []
    base = buffer.withUnsafeBytes { $0.baseAddress }
    count = buffer.count
    self.buffer = buffer
  }

  deinit { account?.heldBytes -= countedBytes }

  /// The bytes; valid while something refers to this block.
  @inlinable public func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "a part that is not in the block")
    return UnsafeRawBufferPointer(start: base.map { $0 + range.lowerBound }, count: range.count)
  }

  /// Counts `byteCount` more bytes of this block in `account` until the block goes. One account for each block.
  public func count(_ byteCount: Int, in account: LentAccount) {
    self.account = account
    countedBytes += byteCount
    account.heldBytes += byteCount
  }
}

import Glibc

/// Parts of blocks that belong at certain places among the bytes of a `ByteBuffer` ("its own bytes"). Both together are one run of bytes
/// of which the large parts were not copied.
public struct LentBytes: ~Copyable {
  @usableFromInline struct Piece {
    /// Bytes of the buffer between the piece before this one (or the front) and this one.
    var gap: Int
    /// Nil once the piece was taken.
    var block: LentBlock?
    var range: Range<Int>
  }

  @usableFromInline var pieces: [Piece] = []
  @usableFromInline var head = 0
  /// The sum of all gaps: how many of the buffer's bytes stand before the last piece.
  private var ownBytesBefore = 0
  @usableFromInline var byteCount = 0

  public init() {}

  /// Bytes in all pieces.
  @inlinable public var count: Int { byteCount }
  @inlinable public var isEmpty: Bool { byteCount == 0 }
  @inlinable public var pieceCount: Int { pieces.count - head }

  /// Adds a part of `block` at the end. `ownBytes`: how many bytes the buffer has now.
  public mutating func append(_ block: LentBlock, _ range: Range<Int>, behind ownBytes: Int) {
    guard !range.isEmpty else { return }
    precondition(ownBytes >= ownBytesBefore, "the buffer was shortened behind the back of what is lent to it")
    pieces.append(Piece(gap: ownBytes - ownBytesBefore, block: block, range: range))
    ownBytesBefore = ownBytes
    byteCount += range.count
  }

  /// Takes back what was added last, until `pieceCount` pieces are left.
  public mutating func truncate(toPieces pieceCount: Int) {
    while self.pieceCount > max(pieceCount, 0), let last = pieces.popLast() {
      byteCount -= last.range.count
      ownBytesBefore -= last.gap
    }
  }

  public mutating func clear() {
    pieces = []
    head = 0
    ownBytesBefore = 0
    byteCount = 0
  }

  /// Takes the first `wanted` bytes of both, in order: those of the buffer are shown to `own` before they are dropped there,
  /// the others go to `lent`.
  public mutating func takeFirst(
    _ wanted: Int, from buffer: inout ByteBuffer, own: (UnsafeRawBufferPointer) -> Void, lent: (LentBlock, Range<Int>) -> Void
  ) {
    var left = wanted
    while left > 0 {
      let isBufferOnly = head == pieces.count
      let gap = isBufferOnly ? buffer.count : pieces[head].gap
      if gap > 0 {
        let taken = min(gap, left)
        buffer.withUnsafeBytes { own(UnsafeRawBufferPointer(rebasing: $0[..<taken])) }
        buffer.discardFirst(taken)
        left -= taken
        guard !isBufferOnly else { continue }
        pieces[head].gap -= taken
        ownBytesBefore -= taken
      } else {
        guard !isBufferOnly else { return }
        let range = pieces[head].range
        let taken = range.prefix(left)
        if let block = pieces[head].block { lent(block, taken) }
        left -= taken.count
        byteCount -= taken.count
        if taken.count < range.count { pieces[head].range = taken.upperBound..<range.upperBound } else { dropHead() }
      }
    }
  }

  /// Drops the first `wanted` bytes of both.
  public mutating func discardFirst(_ wanted: Int, from buffer: inout ByteBuffer) {
    takeFirst(wanted, from: &buffer) { _ in
    } lent: { _, _ in
    }
  }

  /// Where the first bytes of both are, in order; as many places as `vectors` has room for. They are valid until one of the two is changed.
  /// - Returns: how many places.
  public borrowing func locate(in buffer: borrowing ByteBuffer, _ vectors: UnsafeMutableBufferPointer<iovec>) -> Int {
    var used = 0
    func add(_ bytes: UnsafeRawBufferPointer) {
      guard !bytes.isEmpty, used < vectors.count else { return }
      vectors[used] = iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
      used += 1
    }
    buffer.withUnsafeBytes { bytes in
      var offset = 0
      for index in head..<pieces.count {
        guard used < vectors.count else { return }
        let piece = pieces[index]
        add(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + piece.gap]))
        offset += piece.gap
        if let block = piece.block { add(block.bytes(piece.range)) }
      }
      add(UnsafeRawBufferPointer(rebasing: bytes[offset...]))
    }
    return used
  }

  private mutating func dropHead() {
    // Memory may wait for the block: it goes now, not with its place in the array.
    pieces[head].block = nil
    head += 1
    if head == pieces.count {
      pieces.removeAll(keepingCapacity: pieces.capacity <= Self.keptCapacity)
      head = 0
    } else if head >= Self.keptCapacity, head * 2 >= pieces.count {
      pieces.removeFirst(head)
      head = 0
    }
  }

  private static let keptCapacity = 64
}

import Glibc

/// A growable run of bytes with one owner: appended at the end, consumed from the front.
///
/// No reference counting and no copy-on-write check: it is made for the read and write paths, where one connection or one call
/// owns its buffer. Pointers handed out stay valid until the next mutating call.
public struct ByteBuffer: ~Copyable, @unchecked Sendable {
  @usableFromInline var storage: UnsafeMutableRawPointer?
  /// Bytes allocated. A buffer that was never written to owns no memory.
  public internal(set) var capacity: Int
  @usableFromInline var start: Int
  @usableFromInline var end: Int

  @inlinable public init() { self.init(capacity: 0) }

  /// Room for `capacity` bytes at once; grows past it when needed.
  public init(capacity: Int) {
    storage = capacity > 0 ? Self.memory(capacity) : nil
    self.capacity = max(capacity, 0)
    start = 0
    end = 0
  }

  public init(copying bytes: some Collection<UInt8>) {
    self.init(capacity: bytes.count)
    append(contentsOf: bytes)
  }

  deinit { free(storage) }

  /// Bytes held and not yet consumed.
  @inlinable public var count: Int { end - start }
  @inlinable public var isEmpty: Bool { end == start }

  /// The byte `index` places from the front. The index must be below `count`.
  @inlinable public subscript(_ index: Int) -> UInt8 {
    precondition(index >= 0 && index < count, "ByteBuffer index out of range")
    return storage.unsafelyUnwrapped.load(fromByteOffset: start + index, as: UInt8.self)
  }

  // MARK: Writing

  /// Room for `byteCount` more bytes at the end; call `commit` with how many were written there.
  @inlinable public mutating func reserve(_ byteCount: Int) -> UnsafeMutableRawPointer {
    if capacity - end < byteCount || storage == nil { grow(byteCount) }
    return storage.unsafelyUnwrapped + end
  }

  /// Takes in `byteCount` bytes that were written to what `reserve` returned.
  @inlinable public mutating func commit(_ byteCount: Int) {
    precondition(byteCount >= 0 && byteCount <= capacity - end, "commit past the reserved room")
    end += byteCount
  }

  /// Takes in `bytes` where they stand, if that is the room behind the last byte, which `reserve` lent. False elsewhere: nothing happened.
  public mutating func commit(inPlace bytes: UnsafeRawBufferPointer) -> Bool {
    guard let storage, bytes.baseAddress == UnsafeRawPointer(storage + end), bytes.count <= capacity - end else { return false }
    end += bytes.count
    return true
  }

  @inlinable public mutating func append(_ byte: UInt8) {
    reserve(1).storeBytes(of: byte, as: UInt8.self)
    end += 1
  }

  @inlinable public mutating func append(_ bytes: UnsafeRawPointer, count byteCount: Int) {
    guard byteCount > 0 else { return }
    reserve(byteCount).copyMemory(from: bytes, byteCount: byteCount)
    end += byteCount
  }

  @inlinable public mutating func append(_ bytes: UnsafeRawBufferPointer) {
    if let base = bytes.baseAddress { append(base, count: bytes.count) }
  }

  @inlinable public mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { append(UnsafeRawBufferPointer($0)) }
  }

  /// Appends the UTF-8 of `text`.
  @inlinable public mutating func append(utf8 text: borrowing String) {
    var copy = copy text
    copy.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  @inlinable public mutating func append(contentsOf bytes: some Collection<UInt8>) {
    let copied: Void? = bytes.withContiguousStorageIfAvailable { append(UnsafeRawBufferPointer($0)) }
    if copied == nil { for byte in bytes { append(byte) } }
  }

  @inlinable public mutating func append(contentsOf bytes: borrowing ByteBuffer) {
    bytes.withUnsafeBytes { append($0) }
  }

  // MARK: Reading

  @inlinable public borrowing func withUnsafeBytes<Result: ~Copyable, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard let storage else { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
    return try body(UnsafeRawBufferPointer(start: storage + start, count: count))
  }

  @inlinable public mutating func withUnsafeMutableBytes<Result: ~Copyable, Failure: Error>(
    _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard let storage else { return try body(UnsafeMutableRawBufferPointer(start: nil, count: 0)) }
    return try body(UnsafeMutableRawBufferPointer(start: storage + start, count: count))
  }

  /// Drops up to `byteCount` bytes from the front.
  @inlinable public mutating func discardFirst(_ byteCount: Int) {
    start += min(max(byteCount, 0), count)
    if start == end {
      start = 0
      end = 0
    }
  }

  /// Shortens to the first `byteCount` bytes; no effect if there are fewer.
  @inlinable public mutating func truncate(to byteCount: Int) {
    end = start + min(max(byteCount, 0), count)
  }

  /// Forgets the contents. Memory above `keepingAtMost` bytes is given back, so that one large message does not stay for ever.
  @inlinable public mutating func clear(keepingAtMost limit: Int = 1 << 16) {
    start = 0
    end = 0
    if capacity > limit { release() }
  }

  /// A copy of the contents.
  public var array: [UInt8] { withUnsafeBytes { [UInt8]($0) } }

  // MARK: Memory

  /// malloc itself: Swift's own allocation asks for an alignment each time, which costs three times as much.
  private static func memory(_ byteCount: Int) -> UnsafeMutableRawPointer {
    guard let memory = malloc(byteCount) else { preconditionFailure("no memory for \(byteCount) bytes") }
    return memory
  }

  @usableFromInline mutating func release() {
    free(storage)
    storage = nil
    capacity = 0
    start = 0
    end = 0
  }

  @usableFromInline mutating func grow(_ byteCount: Int) {
    precondition(byteCount >= 0, "negative reservation")
    let held = count
    // Consumed space at the front is taken back before more is asked for.
    if let storage, start > 0, capacity - held >= byteCount, start >= held {
      storage.copyMemory(from: storage + start, byteCount: held)
      start = 0
      end = held
      return
    }
    let wanted = max(held + byteCount, capacity &* 2, 64)
    if start == 0, let storage {
      // For large buffers the kernel moves pages instead of bytes.
      guard let larger = realloc(storage, wanted) else { preconditionFailure("no memory for \(wanted) bytes") }
      self.storage = larger
    } else {
      let larger = Self.memory(wanted)
      if let storage { larger.copyMemory(from: storage + start, byteCount: held) }
      free(storage)
      storage = larger
    }
    capacity = wanted
    start = 0
    end = held
  }
}

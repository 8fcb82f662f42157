import Glibc

/// The memory of one received header block: names and values in one run of bytes, and where each begins.
@usableFromInline final class HeaderBlock: @unchecked Sendable {
  @usableFromInline struct Field: BitwiseCopyable {
    @usableFromInline var nameOffset: Int32
    @usableFromInline var nameCount: Int32
    @usableFromInline var valueCount: Int32
  }

  @usableFromInline private(set) var bytes: UnsafeMutableRawPointer
  private var byteCount = 0
  private var byteCapacity = HeaderBlock.commonBytes
  @usableFromInline private(set) var fields: UnsafeMutablePointer<Field>
  private var fieldCapacity = 16
  @usableFromInline private(set) var count = 0
  /// As `headerListBytesMax` counts, with the fields that were left out.
  private(set) var listByteCount = 0
  /// Fields were left out.
  private(set) var isTruncated = false

  private static let commonBytes = 512
  private static let keptBytesMax = 4096

  init() {
    bytes = .allocate(byteCount: Self.commonBytes, alignment: 16)
    fields = .allocate(capacity: 16)
  }

  init(copying other: HeaderBlock) {
    fields = .allocate(capacity: other.fieldCapacity)
    fieldCapacity = other.fieldCapacity
    count = other.count
    listByteCount = other.listByteCount
    isTruncated = other.isTruncated
    fields.initialize(from: other.fields, count: other.count)
    bytes = .allocate(byteCount: other.byteCapacity, alignment: 16)
    bytes.copyMemory(from: other.bytes, byteCount: other.byteCount)
    byteCount = other.byteCount
    byteCapacity = other.byteCapacity
  }

  deinit {
    bytes.deallocate()
    fields.deallocate()
  }

  /// Takes the field in if the whole block stays within `limit`; else only counts it, and `isTruncated` says so.
  ///
  /// Ten times in a small call: written so that it compiles to little more than the two copies.
  @inline(__always)
  func add(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, limit: Int) {
    let length = name.count &+ value.count
    listByteCount &+= length &+ 32
    guard listByteCount <= limit else {
      isTruncated = true
      return
    }
    if count == fieldCapacity { growFields() }
    if byteCapacity &- byteCount < length { growBytes(length) }
    // Nothing here is longer than the limit of the whole block.
    fields[count] = Field(
      nameOffset: Int32(truncatingIfNeeded: byteCount), nameCount: Int32(truncatingIfNeeded: name.count),
      valueCount: Int32(truncatingIfNeeded: value.count))
    count &+= 1
    let room = bytes + byteCount
    memcpy(room, name.baseAddress ?? UnsafeRawPointer(room), name.count)
    memcpy(room + name.count, value.baseAddress ?? UnsafeRawPointer(room), value.count)
    byteCount &+= length
  }

  private func growBytes(_ byteCount: Int) {
    let capacity = max(byteCapacity * 2, self.byteCount + byteCount)
    let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    larger.copyMemory(from: bytes, byteCount: self.byteCount)
    bytes.deallocate()
    bytes = larger
    byteCapacity = capacity
  }

  private func growFields() {
    let larger = UnsafeMutablePointer<Field>.allocate(capacity: fieldCapacity * 2)
    larger.moveInitialize(from: fields, count: count)
    fields.deallocate()
    fields = larger
    fieldCapacity *= 2
  }

  /// Empties it for another use; memory beyond what most blocks need is given back.
  func removeAll() {
    count = 0
    listByteCount = 0
    isTruncated = false
    byteCount = 0
    if byteCapacity > Self.keptBytesMax {
      bytes.deallocate()
      bytes = .allocate(byteCount: Self.commonBytes, alignment: 16)
      byteCapacity = Self.commonBytes
    }
    guard fieldCapacity > 64 else { return }
    fields.deallocate()
    fields = .allocate(capacity: 16)
    fieldCapacity = 16
  }

  /// The name and value of field `index`, valid inside `body`.
  @inlinable @inline(__always)
  func withField<Result, Failure: Error>(
    _ index: Int, _ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(index >= 0 && index < count, "no such header field")
    let field = fields[index]
    let start = UnsafeRawPointer(bytes) + Int(field.nameOffset)
    return try body(
      UnsafeRawBufferPointer(start: start, count: Int(field.nameCount)),
      UnsafeRawBufferPointer(start: start + Int(field.nameCount), count: Int(field.valueCount)))
  }
}

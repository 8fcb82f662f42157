import Glibc

/// The memory of one received header block: names and values in one run of bytes, and where each begins.
@usableFromInline final class HeaderBlock: @unchecked Sendable {
  @usableFromInline struct Field: BitwiseCopyable {
    @usableFromInline var nameOffset: Int32
    @usableFromInline var nameCount: Int32
    @usableFromInline var valueCount: Int32
    var effect: RequestRules.Effect
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
  /// The session has taken the price of that.
  var isCharged = false
  /// So many of its fields are the first ones of the block that the connection remembers under this number; 0 for none.
  var repeatedID: UInt64 = 0
  var repeatedCount = 0

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
  func add(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ effect: RequestRules.Effect = .none, limit: Int) {
    let length = name.count &+ value.count
    listByteCount &+= length &+ 32
    guard listByteCount <= limit else {
      isTruncated = true
      return
    }
    if count == fieldCapacity || byteCapacity &- byteCount < length { makeRoom(length) }
    // Nothing here is longer than the limit of the whole block.
    fields[count] = Field(
      nameOffset: Int32(truncatingIfNeeded: byteCount), nameCount: Int32(truncatingIfNeeded: name.count),
      valueCount: Int32(truncatingIfNeeded: value.count), effect: effect)
    count &+= 1
    let room = bytes + byteCount
    memcpy(room, name.baseAddress ?? UnsafeRawPointer(room), name.count)
    memcpy(room + name.count, value.baseAddress ?? UnsafeRawPointer(room), value.count)
    byteCount &+= length
  }

  @inline(never)
  private func makeRoom(_ length: Int) {
    if count == fieldCapacity { growFields() }
    if byteCapacity &- byteCount < length { growBytes(length) }
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

  /// Field `index` is exactly this.
  @inline(__always)
  func matches(_ index: Int, _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool {
    guard index < count else { return false }
    let field = fields[index]
    guard Int(field.nameCount) == name.count, Int(field.valueCount) == value.count else { return false }
    let start = UnsafeRawPointer(bytes) + Int(field.nameOffset)
    return Self.isSame(start, name) && Self.isSame(start + name.count, value)
  }

  @inline(__always)
  private static func isSame(_ left: UnsafeRawPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard let other = right.baseAddress, right.count > 0 else { return true }
    guard right.count >= 8 else {
      if right.count >= 4 {
        let last = right.count &- 4
        return left.loadUnaligned(as: UInt32.self) == other.loadUnaligned(as: UInt32.self)
          && left.loadUnaligned(fromByteOffset: last, as: UInt32.self) == other.loadUnaligned(fromByteOffset: last, as: UInt32.self)
      }
      for index in 0..<right.count where left.load(fromByteOffset: index, as: UInt8.self) != right[index] { return false }
      return true
    }
    var offset = 0
    let last = right.count &- 8
    while offset < last {
      guard left.loadUnaligned(fromByteOffset: offset, as: UInt64.self) == other.loadUnaligned(fromByteOffset: offset, as: UInt64.self) else {
        return false
      }
      offset &+= 8
    }
    return left.loadUnaligned(fromByteOffset: last, as: UInt64.self) == other.loadUnaligned(fromByteOffset: last, as: UInt64.self)
  }

  /// Becomes the first `fieldCount` fields of `other`.
  func take(_ fieldCount: Int, of other: HeaderBlock) {
    precondition(fieldCount <= other.count, "only fields that are there can be taken")
    removeAll()
    let length = fieldCount < other.count ? Int(other.fields[fieldCount].nameOffset) : other.byteCount
    while fieldCapacity < fieldCount { growFields() }
    if byteCapacity < length { growBytes(length) }
    fields.update(from: other.fields, count: fieldCount)
    bytes.copyMemory(from: other.bytes, byteCount: length)
    count = fieldCount
    byteCount = length
    listByteCount = length + 32 * fieldCount
  }

  /// Brings the rules for requests, as they are before the first field, to where they are after the last: all fields were accepted before.
  func accept(_ rules: inout RequestRules) {
    for index in 0..<count where !rules.accept(fields[index].effect) {
      // Only content-length has to be read again.
      withField(index) { name, value in _ = rules.judge(name, value) }
    }
  }

  /// Every field in the order of the wire; names and values are valid inside `body`.
  @inlinable @inline(__always)
  func forEach(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {
    for index in 0..<count { withField(index, body) }
  }

  /// Empties it for another use; memory beyond what most blocks need is given back.
  func removeAll() {
    count = 0
    listByteCount = 0
    isTruncated = false
    isCharged = false
    repeatedID = 0
    repeatedCount = 0
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

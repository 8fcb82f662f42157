import Bytes

/// The memory of one received header block: names and values in one run of bytes, and where each begins.
final class HeaderBlock: @unchecked Sendable {
  struct Field: BitwiseCopyable {
    var nameOffset: Int32
    var nameCount: Int32
    var valueCount: Int32
  }

  private var bytes = ByteBuffer(capacity: 512)
  private var fields: UnsafeMutablePointer<Field>
  private var fieldCapacity = 16
  private(set) var count = 0

  init() { fields = .allocate(capacity: 16) }

  init(copying other: HeaderBlock) {
    fields = .allocate(capacity: other.fieldCapacity)
    fieldCapacity = other.fieldCapacity
    count = other.count
    fields.initialize(from: other.fields, count: other.count)
    bytes.append(contentsOf: other.bytes)
  }

  deinit { fields.deallocate() }

  func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    if count == fieldCapacity { growFields() }
    (fields + count).initialize(
      to: Field(nameOffset: Int32(clamping: bytes.count), nameCount: Int32(clamping: name.count), valueCount: Int32(clamping: value.count)))
    count += 1
    bytes.append(name)
    bytes.append(value)
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
    bytes.clear(keepingAtMost: 4096)
    guard fieldCapacity > 64 else { return }
    fields.deallocate()
    fields = .allocate(capacity: 16)
    fieldCapacity = 16
  }

  /// The name and value of field `index`, valid inside `body`.
  @inline(__always)
  func withField<Result, Failure: Error>(
    _ index: Int, _ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(index >= 0 && index < count, "no such header field")
    let field = fields[index]
    return try bytes.withUnsafeBytes { all throws(Failure) in
      let start = all.baseAddress.map { $0 + Int(field.nameOffset) }
      return try body(
        UnsafeRawBufferPointer(start: start, count: Int(field.nameCount)),
        UnsafeRawBufferPointer(start: start.map { $0 + Int(field.nameCount) }, count: Int(field.valueCount)))
    }
  }
}

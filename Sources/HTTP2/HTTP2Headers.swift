/// A received header block, pseudo-header fields included, in the order of the wire. One flat run of bytes; strings are made on demand.
public struct HTTP2Headers: Sendable {
  struct Field {
    var nameOffset: Int32
    var nameCount: Int32
    var valueCount: Int32
  }

  var bytes: [UInt8] = []
  var fields: [Field] = []
  /// As `headerListBytesMax` counts.
  public internal(set) var listByteCount = 0
  /// True if fields were left out because the block exceeded `headerListBytesMax`.
  public internal(set) var isTruncated = false

  public init() {}

  public var count: Int { fields.count }
  public var isEmpty: Bool { fields.isEmpty }

  mutating func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    fields.append(Field(nameOffset: Int32(clamping: bytes.count), nameCount: Int32(clamping: name.count), valueCount: Int32(clamping: value.count)))
    bytes.append(contentsOf: name)
    bytes.append(contentsOf: value)
  }

  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    fields.removeAll(keepingCapacity: true)
    listByteCount = 0
    isTruncated = false
  }

  /// The name and value of field `index`, valid inside `body`.
  public func withField<Result>(_ index: Int, _ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Result) -> Result {
    let field = fields[index]
    let offset = Int(field.nameOffset)
    let middle = offset + Int(field.nameCount)
    return bytes.withUnsafeBytes {
      body(UnsafeRawBufferPointer(rebasing: $0[offset..<middle]), UnsafeRawBufferPointer(rebasing: $0[middle..<middle + Int(field.valueCount)]))
    }
  }

  public func name(_ index: Int) -> String { withField(index) { name, _ in String(decoding: name, as: UTF8.self) } }
  public func value(_ index: Int) -> String { withField(index) { _, value in String(decoding: value, as: UTF8.self) } }

  /// The first value of `name` (lower-case), as text; bytes that are not UTF-8 are replaced.
  public subscript(_ name: StaticString) -> String? {
    withFirst(name) { String(decoding: $0, as: UTF8.self) }
  }

  /// The first value of `name` (lower-case), valid inside `body`; nil if there is none.
  public func withFirst<Result>(_ name: StaticString, _ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
    bytes.withUnsafeBytes { all in
      for field in fields where Int(field.nameCount) == name.utf8CodeUnitCount {
        let offset = Int(field.nameOffset)
        let middle = offset + Int(field.nameCount)
        guard equal(UnsafeRawBufferPointer(rebasing: all[offset..<middle]), name) else { continue }
        return body(UnsafeRawBufferPointer(rebasing: all[middle..<middle + Int(field.valueCount)]))
      }
      return nil
    }
  }

  /// The value of `:status`, or nil if there is none.
  public var status: Int? {
    withFirst(":status") { Int(String(decoding: $0, as: UTF8.self)) } ?? nil
  }
}

/// Whether `bytes` are exactly those of `text`.
@inline(__always) func equal(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
  guard bytes.count == text.utf8CodeUnitCount else { return false }
  for index in 0..<bytes.count where bytes[index] != text.utf8Start[index] { return false }
  return true
}

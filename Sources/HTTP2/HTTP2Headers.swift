/// A received header block, pseudo-header fields included, in the order of the wire. One flat run of bytes; strings are made on demand.
///
/// A value: whoever keeps a copy keeps what it says, also when the stream it came from begins its next life.
public struct HTTP2Headers: Sendable {
  /// Made with the first field. Shared with copies until one of them changes.
  @usableFromInline var block: HeaderBlock?

  public init() {}

  /// As `headerListBytesMax` counts.
  public var listByteCount: Int { block?.listByteCount ?? 0 }
  /// True if fields were left out because the block exceeded `headerListBytesMax`.
  public var isTruncated: Bool { block?.isTruncated ?? false }

  /// The first `count` fields came before on the same connection, byte for byte, as the first ones of a block with this number; 0 for none.
  public var repeated: (id: UInt64, count: Int) { block.map { ($0.repeatedID, $0.repeatedCount) } ?? (0, 0) }
  func isIdentical(to other: HTTP2Headers) -> Bool { block === other.block }

  @inlinable public var count: Int { block?.count ?? 0 }
  public var isEmpty: Bool { count == 0 }

  /// Where the fields of a block that begins are to go: memory that no copy of this value shares.
  mutating func ownedBlock() -> Unmanaged<HeaderBlock> {
    let isOwn = isKnownUniquelyReferenced(&block)
    if isOwn, let block { return .passUnretained(block) }
    let own = block.map { HeaderBlock(copying: $0) } ?? HeaderBlock()
    block = own
    return .passUnretained(own)
  }

  /// Empties it. The memory is kept for the next block unless somebody holds a copy.
  mutating func removeAll() {
    if isKnownUniquelyReferenced(&block) { block?.removeAll() } else { block = nil }
  }

  /// The name and value of field `index`, valid inside `body`.
  @inlinable @inline(__always)
  public func withField<Result, Failure: Error>(
    _ index: Int, _ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard let block else { preconditionFailure("no such header field") }
    return try block.withField(index, body)
  }

  /// Every field in the order of the wire; names and values are valid inside `body`.
  @inlinable @inline(__always)
  public func forEach(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {
    block?.forEach(body)
  }

  public func name(_ index: Int) -> String { withField(index) { name, _ in String(decoding: name, as: UTF8.self) } }
  public func value(_ index: Int) -> String { withField(index) { _, value in String(decoding: value, as: UTF8.self) } }

  /// The first value of `name` (lower-case), as text; bytes that are not UTF-8 are replaced.
  public subscript(_ name: StaticString) -> String? {
    withFirst(name) { String(decoding: $0, as: UTF8.self) }
  }

  /// The first value of `name` (lower-case), valid inside `body`; nil if there is none.
  public func withFirst<Result>(_ name: StaticString, _ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
    for index in 0..<count {
      let found: Result? = withField(index) { candidate, value in candidate == name ? body(value) : nil }
      if let found { return found }
    }
    return nil
  }

  /// The value of `:status`, or nil if there is none.
  public var status: Int? {
    let digits: Int?? = withFirst(":status") { value in
      // The session has checked that there are exactly three digits.
      value.reduce(0 as Int?) { number, byte in byte >= 0x30 && byte <= 0x39 ? number.map { ($0 * 10 + Int(byte - 0x30)) & 0xFFFF } : nil }
    }
    return digits ?? nil
  }
}

/// The header block that is arriving, for as long as it is the same as one that came before: so far nothing of it was judged or copied.
struct HeaderMatch {
  // Whoever remembers it holds it: nothing is forgotten while a block is arriving.
  private var block: Unmanaged<HeaderBlock>?
  /// Fields that have come, all of them the same.
  private(set) var count = 0

  /// Another block begins; nil if there is none to compare it with.
  @inline(__always) mutating func begin(_ remembered: HeaderBlock?) {
    block = remembered.map { .passUnretained($0) }
    count = 0
  }

  /// From here on nothing is the same.
  @inline(__always) mutating func stop() { block = nil }

  @inline(__always) var isGoingOn: Bool { block != nil }

  /// The block that it is compared with.
  var remembered: HeaderBlock? { block?.takeUnretainedValue() }

  /// The next field is the same as it was.
  @inline(__always)
  mutating func takeNext(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool {
    guard let block, block._withUnsafeGuaranteedRef({ $0.matches(count, name, value) }) else { return false }
    count &+= 1
    return true
  }

  /// The block, if all of it has come again.
  @inline(__always) var whole: HeaderBlock? {
    guard let block, block._withUnsafeGuaranteedRef({ $0.count == count }) else { return nil }
    return block.takeUnretainedValue()
  }
}

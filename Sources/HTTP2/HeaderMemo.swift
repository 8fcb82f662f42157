/// A header block that came before on the same connection, to compare the next with: most of a client's requests carry the same fields, byte for
/// byte. One that is the same was judged already and needs no memory of its own; of one that is not, only what differs is judged.
///
/// Servers only.
struct HeaderMemo {
  private var block: HeaderBlock?
  /// The rules at the end of that block.
  private(set) var rules = RequestRules(isTrailer: false)
  /// Fields of the block that is arriving, all of them the same so far.
  private var matched = 0
  private(set) var isMatching = false
  private var misses = 0
  /// Counts the blocks that were remembered.
  private var id: UInt64 = 0

  /// Another block is remembered after so many that differed: each takes a block's memory out of use.
  private static let missesMax = 16
  /// Larger blocks are not remembered: every connection has one.
  private static let bytesMax = 4096

  @inline(__always) mutating func begin() {
    matched = 0
    isMatching = block != nil
  }

  mutating func stopMatching() { isMatching = false }

  /// The next field is the same as it was.
  @inline(__always)
  mutating func takeNext(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool {
    guard let block, block.matches(matched, name, value) else { return false }
    matched &+= 1
    return true
  }

  /// All of the block has come again.
  var isWhole: Bool { isMatching && matched == block?.count }

  var repeated: HeaderBlock? { block }

  /// The block that is arriving differs from here on: what it has had so far goes to `own`.
  mutating func diverge(into own: HeaderBlock, _ rules: inout RequestRules) {
    isMatching = false
    misses += 1
    guard let block, matched > 0 else { return }
    own.take(matched, of: block, rules: &rules)
    own.repeatedID = id
    own.repeatedCount = matched
  }

  /// What field `index` changes in the rules, if it is the same as it was.
  @inline(__always)
  func effect(_ index: Int, _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> RequestRules.Effect? {
    guard let block, block.matches(index, name, value) else { return nil }
    return block.fields[index].effect
  }

  /// `ended` was accepted as a whole, and was not the one that is remembered.
  mutating func consider(_ ended: HeaderBlock?, _ rules: RequestRules) {
    guard let ended, !ended.isTruncated, ended.listByteCount <= Self.bytesMax, block == nil || misses >= Self.missesMax else { return }
    misses = 0
    id += 1
    ended.repeatedID = id
    ended.repeatedCount = ended.count
    block = ended
    self.rules = rules
  }
}

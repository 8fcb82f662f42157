/// A header block that came before on the same connection, to compare the next of its kind with: most of a client's requests carry the same
/// fields, byte for byte, as most answers of a server do. One that is the same was judged already and needs no memory of its own (`HeaderMatch`);
/// of a request that is not, only what differs is judged.
struct HeaderMemo {
  private(set) var block: HeaderBlock?
  private var misses = 0
  /// Counts the blocks that were remembered.
  private var id: UInt64 = 0

  /// Another block is remembered after so many that differed: each takes a block's memory out of use.
  private static let missesMax = 16
  /// Larger blocks are not remembered: every connection has one.
  private static let bytesMax = 4096

  /// What field `index` changes in the rules for requests, if it is the same as it was.
  @inline(__always)
  func effect(_ index: Int, _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> RequestRules.Effect? {
    guard let block, block.matches(index, name, value) else { return nil }
    return block.fields[index].effect
  }

  /// A block differed from the one that is remembered.
  mutating func missed() { misses += 1 }

  /// `ended` was accepted as a whole, and was not the one that is remembered. True if it is from now on.
  mutating func consider(_ ended: HeaderBlock?) -> Bool {
    guard block == nil || misses >= Self.missesMax, let ended, !ended.isTruncated, ended.listByteCount <= Self.bytesMax else { return false }
    misses = 0
    id += 1
    ended.repeatedID = id
    ended.repeatedCount = ended.count
    block = ended
    return true
  }
}

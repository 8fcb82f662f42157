/// A header block that came before on the same connection, to compare the next of its kind with: nearly all answers of one server to one client
/// begin with the same fields, and end with the same ones. A block that comes again was judged already and needs no memory of its own.
///
/// Clients only: one for the head of responses and one for their trailers. (`HeaderMemo` is for servers.)
struct ResponseMemo {
  private(set) var block: HeaderBlock?
  /// Fields of the block that is arriving, all of them the same so far.
  private(set) var matched = 0
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

  /// The whole block, if all of it has come again.
  @inline(__always) var repeated: HeaderBlock? { isMatching && matched == block?.count ? block : nil }

  /// The block that is arriving differs from here on: what it has had so far goes to `own`, which is empty.
  mutating func diverge(into own: HeaderBlock, _ rules: inout ResponseRules, limit: Int) {
    isMatching = false
    misses += 1
    guard let block else { return }
    for index in 0..<matched {
      block.withField(index) { name, value in
        // It was accepted there, and so it is here.
        _ = rules.judge(name, value)
        own.add(name, value, limit: limit)
      }
    }
  }

  /// `ended` was accepted as a whole, and was not the one that is remembered.
  mutating func consider(_ ended: HeaderBlock?) {
    guard block == nil || misses >= Self.missesMax, let ended, !ended.isTruncated, ended.listByteCount <= Self.bytesMax else { return }
    misses = 0
    id += 1
    ended.repeatedID = id
    ended.repeatedCount = ended.count
    block = ended
  }
}

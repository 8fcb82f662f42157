import Bytes
import Glibc
import Testing

@Suite("Bytes that are lent to a buffer", .timeLimit(.minutes(1))) struct LentBytesTests {
  private static func block(_ count: Int, _ seed: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ seed) } }

  /// Against an array that holds the same bytes in one piece.
  @Test(arguments: 0..<20) func bothTogetherAreOneRun(seed: UInt64) {
    var random = SplitMix(state: seed)
    var own = ByteBuffer()
    var lent = LentBytes()
    var model: [UInt8] = []
    for step in 0..<400 {
      switch random.next() % 4 {
      case 0:
        let bytes = Self.block(Int(random.next() % 40), step)
        own.append(contentsOf: bytes)
        model += bytes
      case 1:
        let bytes = Self.block(Int(random.next() % 300) + 1, step)
        let start = Int(random.next() % UInt64(bytes.count))
        lent.append(LentBlock(bytes), start..<bytes.count, behind: own.count)
        model += bytes[start...]
      case 2:
        let count = Int(random.next() % 500)
        var taken: [UInt8] = []
        lent.takeFirst(count, from: &own) { taken += $0 } lent: { taken += $0.bytes($1) }
        #expect(taken == Array(model.prefix(count)))
        model.removeFirst(min(count, model.count))
      default:
        // As a write of so many places that may end anywhere.
        let places = UnsafeMutableBufferPointer<iovec>.allocate(capacity: Int(random.next() % 5) + 1)
        defer { places.deallocate() }
        let used = lent.locate(in: own, places)
        let shown = places[..<used].flatMap { UnsafeRawBufferPointer(start: $0.iov_base, count: $0.iov_len).map { $0 } }
        #expect(shown == Array(model.prefix(shown.count)))
        #expect(!shown.isEmpty || model.isEmpty)
        let written = Int(random.next() % UInt64(shown.count + 1))
        lent.discardFirst(written, from: &own)
        model.removeFirst(written)
      }
      #expect(own.count + lent.count == model.count)
    }
  }

  @Test func whatWasAddedLastIsTakenBack() {
    var own = ByteBuffer()
    var lent = LentBytes()
    own.append("ab")
    lent.append(LentBlock(Array("CD".utf8)), 0..<2, behind: 2)
    let (start, pieces) = (own.count, lent.pieceCount)
    own.append("ef")
    lent.append(LentBlock(Array("GH".utf8)), 0..<2, behind: 4)
    own.truncate(to: start)
    lent.truncate(toPieces: pieces)
    own.append("ij")
    lent.append(LentBlock(Array("KL".utf8)), 1..<2, behind: own.count)
    var all: [UInt8] = []
    lent.takeFirst(100, from: &own) { all += $0 } lent: { all += $0.bytes($1) }
    #expect(String(decoding: all, as: UTF8.self) == "abCDijL")
    #expect(lent.isEmpty && lent.pieceCount == 0)
  }

  @Test func aBlockIsCountedUntilItGoes() {
    let account = LentAccount()
    var first = LentBytes()
    var second = LentBytes()
    var own = ByteBuffer()
    first.append(LentBlock(Self.block(1_000, 1)), 0..<1_000, behind: 0)
    first.takeFirst(400, from: &own) { _ in
    } lent: { block, range in
      block.count(range.count, in: account)
      second.append(block, range, behind: 0)
    }
    #expect(account.heldBytes == 400)
    second.discardFirst(400, from: &own)
    #expect(account.heldBytes == 400, "the rest of the block is still to be sent")
    first.clear()
    #expect(account.heldBytes == 0)
  }

  @Test func aBlockHoldsItsBytesWhateverBecomesOfTheirMaker() {
    var array = Self.block(5_000, 7)
    let block = LentBlock(array)
    array[0] = 99
    array = []
    #expect(Array(block.bytes(0..<5_000)) == Self.block(5_000, 7))
    var buffer = ByteBuffer(copying: Self.block(300, 3))
    buffer.discardFirst(100)
    let rest = LentBlock(buffer)
    #expect(Array(rest.bytes(50..<200)) == Array(Self.block(300, 3)[150..<300]))
  }

  @Test func roomThatWasFilledIsTakenInWithoutACopy() {
    var buffer = ByteBuffer(copying: Array("ab".utf8))
    let room = UnsafeMutableRawBufferPointer(start: buffer.reserve(100), count: 100)
    room.copyBytes(from: Array("cdef".utf8))
    let elsewhere: [UInt8] = [1, 2]
    let takesOthers = elsewhere.withUnsafeBytes { buffer.commit(inPlace: $0) }
    let leavesAHole = buffer.commit(inPlace: UnsafeRawBufferPointer(rebasing: room[1..<3]))
    let exceedsTheRoom = buffer.commit(inPlace: UnsafeRawBufferPointer(start: room.baseAddress, count: 1 << 20))
    #expect(!takesOthers && !leavesAHole && !exceedsTheRoom)
    let takesItsOwn = buffer.commit(inPlace: UnsafeRawBufferPointer(rebasing: room[..<4]))
    #expect(takesItsOwn)
    #expect(buffer.array == Array("abcdef".utf8))
  }

  private struct SplitMix {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
      return mixed ^ mixed >> 31
    }
  }
}

import Model
import Testing

@Suite(.timeLimit(.minutes(1)))
struct UploadPlanTests {
  @Test func aGibibyteIsCutInto50MiB() throws {
    let plan = try #require(UploadPlan(fileSize: .gibibytes(1)))
    #expect(plan.chunkSize == .mebibytes(50))
    #expect(plan.chunksTotal == 21)
    #expect(plan.size(of: try #require(ChunkIndex(20))) == .mebibytes(24))
    #expect(plan.size(of: try #require(ChunkIndex(21))) == nil)
  }

  @Test func theEdgesOfTheRange() throws {
    let empty = try #require(UploadPlan(fileSize: .zero))
    #expect(empty.chunksTotal == 0)
    #expect(try #require(UploadPlan(fileSize: ByteCount(1))).chunksTotal == 1)
    let largest = try #require(UploadPlan(fileSize: .tebibytes(5)))
    #expect(largest.chunkSize == .mebibytes(525))
    #expect(largest.chunksTotal <= 10_000)
    #expect(UploadPlan(fileSize: ByteCount(UploadPlan.fileSizeMax.rawValue + 1)) == nil)
    #expect(UploadPlan(fileSize: ByteCount(.max)) == nil)
  }

  @Test func aPlanFromElsewhereMustAgreeWithItself() {
    #expect(UploadPlan(fileSize: .gibibytes(1), chunkSize: .mebibytes(50), chunksTotal: 21) != nil)
    #expect(UploadPlan(fileSize: .gibibytes(1), chunkSize: .mebibytes(50), chunksTotal: 20) == nil)
    #expect(UploadPlan(fileSize: .gibibytes(1), chunkSize: .zero, chunksTotal: 0) == nil)
    #expect(UploadPlan(fileSize: .gibibytes(1), chunkSize: ByteCount(.max), chunksTotal: 1) == nil)
    #expect(UploadPlan(fileSize: .tebibytes(1), chunkSize: .mebibytes(5), chunksTotal: 209_716) == nil)
  }

  /// Over sizes of every magnitude: S3's limits hold, chunks tile the file exactly, and larger files never get smaller chunks.
  @Test func everyPlanTilesItsFile() throws {
    var random = SeededRandom(seed: 7)
    var sizes = (0..<2_000).map { _ in UInt64.random(in: 0...(1 << UInt64.random(in: 0...42, using: &random)), using: &random) }
    for boundary in [ByteCount.mebibytes(5), .mebibytes(100), .gibibytes(1), ByteCount(ByteCount.mebibytes(50).rawValue * 10_000), .tebibytes(5)] {
      sizes += [boundary.rawValue - 1, boundary.rawValue]
    }
    var previous: UploadPlan?
    for size in sizes.sorted() {
      let plan = try #require(UploadPlan(fileSize: ByteCount(size)))
      #expect(plan.chunkSize >= UploadPlan.chunkSizeMin)
      #expect(plan.chunkSize.rawValue <= 5 << 30)
      #expect(plan.chunksTotal <= UploadPlan.chunksMax)
      if let previous { #expect(plan.chunkSize >= previous.chunkSize) }
      previous = plan
      var end: UInt64 = 0
      for raw in 0..<plan.chunksTotal {
        let index = try #require(ChunkIndex(raw))
        let offset = try #require(plan.offset(of: index)).rawValue
        let length = try #require(plan.size(of: index)).rawValue
        guard offset == end, length > 0, raw + 1 == plan.chunksTotal || length == plan.chunkSize.rawValue else {
          Issue.record("chunk \(raw) of \(size) bytes: offset \(offset), length \(length)")
          return
        }
        end += length
      }
      #expect(end == size)
    }
  }

  @Test func threadsStayBetween16And32() {
    #expect([-1, 0, 1, 2, 3, 4, 5, 6, 100].map(UploadPlan.threads(edges:)) == [16, 16, 16, 16, 18, 24, 30, 32, 32])
  }
}

/// SplitMix64: the same numbers in every run.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

import Model
import Testing

@testable import Finalize

@Suite(.timeLimit(.minutes(1)))
struct CompletenessTests {
  private let mebibyte: UInt64 = 1 << 20
  /// Three chunks: 5, 5 and 1 MiB.
  private var plan: UploadPlan { get throws { try #require(UploadPlan(fileSize: .mebibytes(11), chunkSize: .mebibytes(5))) } }

  private func chunk(_ index: UInt32, _ mebibytes: UInt64) -> RecordedChunk {
    RecordedChunk(index: index, size: .mebibytes(mebibytes), etag: "e\(index)")
  }

  @Test func aWholeFileComesOutInOrder() throws {
    let whole = try Completeness.check([chunk(2, 1), chunk(0, 5), chunk(1, 5)], against: plan)
    #expect(whole.map(\.index) == [0, 1, 2])
  }

  @Test func missingChunksAreNamed() throws {
    #expect(throws: FinalizeError.incomplete(uploaded: 1, expected: 3, missing: [0, 2])) { try Completeness.check([chunk(1, 5)], against: plan) }
    #expect(throws: FinalizeError.incomplete(uploaded: 0, expected: 3, missing: [0, 1, 2])) { try Completeness.check([], against: plan) }
  }

  @Test func atMostAThousandAreNamed() throws {
    let plan = try #require(UploadPlan(fileSize: .mebibytes(5 * 2000), chunkSize: .mebibytes(5)))
    #expect(throws: FinalizeError.incomplete(uploaded: 0, expected: 2000, missing: Array(0..<1000))) { try Completeness.check([], against: plan) }
  }

  @Test func othersThanPlannedAreOurFault() throws {
    for chunks in [
      [chunk(0, 5), chunk(1, 5), chunk(2, 1), chunk(3, 1)], [chunk(0, 5), chunk(1, 5), chunk(2, 2)], [chunk(0, 4), chunk(1, 5), chunk(2, 1)],
      [chunk(0, 5), chunk(1, 5), chunk(2, 1), chunk(2, 1)],
    ] {
      do {
        _ = try Completeness.check(chunks, against: plan)
        Issue.record("accepted \(chunks)")
      } catch FinalizeError.inconsistent {}
    }
  }

  @Test func anEmptyFileHasNoChunks() throws {
    let empty = try #require(UploadPlan(fileSize: .zero, chunkSize: .mebibytes(5)))
    #expect(try Completeness.check([], against: empty).isEmpty)
  }

  @Test func pausesGrowToALimit() {
    #expect(FinalizeLimits().pauseMilliseconds(afterAttempts: 0) == 500)
    #expect(FinalizeLimits().pauseMilliseconds(afterAttempts: 3) == 4000)
    #expect(FinalizeLimits().pauseMilliseconds(afterAttempts: 1_000_000) == 300_000)
    #expect(FinalizeLimits().pauseMilliseconds(afterAttempts: -1) == 500)
  }
}

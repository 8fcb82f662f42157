import Model
import Testing

@testable import Dedup

@Suite struct FeatureHashingTests {
  private func vector(_ name: String, _ type: String = "video/mp4", _ size: UInt64 = 1 << 30) -> [Float] {
    FeatureHashingEmbedder.vector(of: FileDescription(name: name, type: type, size: ByteCount(size)))
  }

  private func similarity(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

  @Test func vectorsHaveLengthOneAndAreTheSameEveryTime() {
    for name in ["holiday.mp4", "", "…", "a", String(repeating: "x", count: 5_000), "日本語.txt"] {
      let one = vector(name)
      #expect(one.count == 384)
      #expect(abs(similarity(one, one) - 1) < 1e-5)
      #expect(one == vector(name))
    }
  }

  @Test func likeNamesLieCloserThanUnlikeOnes() {
    let original = vector("Summer Holiday 2026.mp4")
    #expect(similarity(original, vector("summer_holiday_2026.mp4")) > 0.99, "case and separators do not count")
    let near = similarity(original, vector("summer-holiday-2026-final.mp4"))
    let far = similarity(original, vector("invoice 4711.pdf", "application/pdf", 40_000))
    #expect(near > 0.7)
    #expect(far < 0.3)
    #expect(near > far)
  }
}

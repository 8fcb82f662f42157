import Model
import Testing

@testable import UploadClient

func edgeID(_ text: String) -> EdgeID { EdgeID(text)! }
func chunkIndex(_ raw: UInt32) -> ChunkIndex { ChunkIndex(raw)! }

@Suite(.timeLimit(.minutes(1)))
struct ChunkDistributionTests {
  let edges: [(id: EdgeID, weight: Double)] = [(edgeID("a"), 0.5), (edgeID("b"), 0.3), (edgeID("c"), 0.2)]

  /// Edges of different speeds, some failing at random: every chunk is stored exactly once, and never out twice at a time.
  @Test(arguments: [UInt64](0..<40))
  func everyChunkIsStoredOnce(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let total = UInt32.random(in: 1...300, using: &random)
    var distribution = ChunkDistribution(chunks: (0..<total).map(chunkIndex), edges: edges)
    var out: [(chunk: ChunkIndex, edge: EdgeID)] = []
    var stored: Set<ChunkIndex> = []
    var steps = 0
    while distribution.chunksLeft > 0 {
      steps += 1
      guard steps < 100_000 else {
        Issue.record("no end in sight")
        return
      }
      let edge = distribution.edges.randomElement(using: &random)!
      if out.count < 8, let chunk = distribution.next(for: edge, others: Set(distribution.edges).subtracting([edge])) {
        #expect(!stored.contains(chunk))
        #expect(!out.contains { $0.chunk == chunk })
        out.append((chunk, edge))
      } else if let index = out.indices.randomElement(using: &random) {
        let (chunk, sender) = out.remove(at: index)
        if Int.random(in: 0..<5, using: &random) == 0 {
          distribution.failed(chunk, by: sender)
        } else {
          #expect(stored.insert(chunk).inserted)
          distribution.finished(chunk, by: sender, bytesPerSecond: .random(in: 1...100, using: &random))
        }
      }
      if steps % 50 == 0 { distribution.replaceEdges(Array(edges.shuffled(using: &random).prefix(.random(in: 1...3, using: &random)))) }
    }
    #expect(stored.count == Int(total))
    #expect(distribution.chunksWaiting == 0)
  }

  @Test func sharesFollowTheWeights() {
    var distribution = ChunkDistribution(chunks: (0..<100).map(chunkIndex), edges: edges)
    #expect(distribution.lanes.map(\.waiting.count) == [50, 30, 20])
    // In the order of the file.
    #expect(distribution.next(for: edgeID("a"), others: []) == chunkIndex(0))
  }

  @Test func anIdleEdgeTakesFromTheBusiest() {
    var distribution = ChunkDistribution(chunks: (0..<10).map(chunkIndex), edges: [(edgeID("fast"), 0.1), (edgeID("slow"), 0.9)])
    var taken = 0
    while let chunk = distribution.next(for: edgeID("fast"), others: [edgeID("slow")]) {
      distribution.finished(chunk, by: edgeID("fast"), bytesPerSecond: 1_000)
      taken += 1
    }
    #expect(taken == 10)
    #expect(distribution.chunksLeft == 0)
  }

  @Test func aRefusedChunkGoesToAnotherEdgeWhileThereIsOne() {
    var distribution = ChunkDistribution(chunks: [chunkIndex(0)], edges: [(edgeID("a"), 0.9), (edgeID("b"), 0.1)])
    #expect(distribution.next(for: edgeID("a"), others: [edgeID("b")]) == chunkIndex(0))
    distribution.failed(chunkIndex(0), by: edgeID("a"))
    #expect(distribution.next(for: edgeID("a"), others: [edgeID("b")]) == nil)
    // Alone, it may try again.
    #expect(distribution.next(for: edgeID("a"), others: []) == chunkIndex(0))
  }
}

@Suite(.timeLimit(.minutes(1)))
struct PacingTests {
  @Test func theGaugeGrowsWhileGrowingPays() {
    var gauge = ConcurrencyGauge(edges: 5, widthMax: 30)
    #expect(gauge.width == 5)
    for rate in [10.0, 20, 30] { gauge.measured(bytesPerSecond: rate) }
    #expect(gauge.width == 20)
    for _ in 0..<10 { gauge.measured(bytesPerSecond: 31) }
    #expect(gauge.width == 20)
    // It has stopped looking.
    gauge.measured(bytesPerSecond: 1_000)
    #expect(gauge.width == 20)
    var bounded = ConcurrencyGauge(edges: 5, widthMax: 7)
    for rate in 1...10 { bounded.measured(bytesPerSecond: Double(rate) * Double(rate)) }
    #expect(bounded.width == 7)
    #expect(ConcurrencyGauge(fixed: 3).width == 3)
  }

  @Test func backoffDoublesWithJitterAndHeedsTheServer() {
    var random = SeededRandom(seed: 1)
    var backoff = Backoff()
    var ceilings: [UInt64] = [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]
    while !ceilings.isEmpty {
      let ceiling = ceilings.removeFirst()
      #expect((ceiling / 2...ceiling).contains(backoff.failed(random: &random)))
    }
    #expect(backoff.failed(retryAfterSeconds: 30, random: &random) == 30_000)
    #expect(backoff.failed(retryAfterSeconds: .max, random: &random) == 60_000)
    backoff.succeeded()
    #expect(backoff.failed(random: &random) <= 250)
  }

  @Test func speedIsThatOfTheLastSeconds() {
    var meter = SpeedMeter()
    #expect(meter.bytesPerSecond == 0)
    #expect(meter.secondsLeft(bytes: 1) == nil)
    for second in 0..<60 { meter.mark(bytes: UInt64(second < 30 ? second * 10 : 300 + (second - 30) * 1_000), at: UInt64(second) * 1_000_000_000) }
    #expect(abs(meter.bytesPerSecond - 1_000) < 1)
    #expect(meter.secondsLeft(bytes: 5_000) == 5)
    // A chunk has to be sent again: no negative speed.
    var stepping = SpeedMeter()
    stepping.mark(bytes: 100, at: 0)
    stepping.mark(bytes: 50, at: 1_000_000_000)
    #expect(stepping.bytesPerSecond == 0)
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

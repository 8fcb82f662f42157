import EdgeSelection
import Model
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ScoreTests {
  /// No edge may gain by being slower, busier or farther away, whatever the priority.
  @Test func theScoreIsMonotoneInEveryInput() {
    var random = SeededRandom(seed: 1)
    for _ in 0..<20_000 {
      let latency = Double.random(in: 0...2_000, using: &random)
      let load = Double.random(in: 0...100, using: &random)
      let distance = Double.random(in: 0...20_016, using: &random)
      let more = Double.random(in: 0...500, using: &random)
      for priority in UploadPriority.allCases {
        func score(_ latency: Double, _ load: Double, _ distance: Double) -> Double {
          EdgeScore(latencyMilliseconds: latency, loadPercent: load, distanceKilometers: distance, priority: priority).value
        }
        let base = score(latency, load, distance)
        #expect(base > 0 && base <= 1)
        #expect(score(latency + more, load, distance) <= base)
        #expect(score(latency, load + more, distance) <= base)
        #expect(score(latency, load, distance + more) <= base)
      }
    }
  }

  @Test func speedLooksAtLatencyAndCostAtDistance() {
    func score(_ latency: Double, _ distance: Double, _ priority: UploadPriority) -> EdgeScore {
      EdgeScore(latencyMilliseconds: latency, loadPercent: 10, distanceKilometers: distance, priority: priority)
    }
    #expect(score(10, 4_000, .speed) > score(80, 100, .speed))
    #expect(score(10, 4_000, .cost) < score(80, 100, .cost))
  }

  @Test func distancesAgreeWithKnownOnes() {
    let sanFrancisco = GeoPoint(latitude: 37.7749, longitude: -122.4194)
    let losAngeles = GeoPoint(latitude: 34.0522, longitude: -118.2437)
    let seattle = GeoPoint(latitude: 47.6062, longitude: -122.3321)
    // The product brief's own figures.
    #expect(abs(sanFrancisco.distanceKilometers(to: losAngeles) - 559) < 1)
    #expect(abs(sanFrancisco.distanceKilometers(to: seattle) - 1_093) < 1)
    #expect(sanFrancisco.distanceKilometers(to: sanFrancisco) == 0)
    let antipodes = GeoPoint(latitude: 0, longitude: 0).distanceKilometers(to: GeoPoint(latitude: 0, longitude: 180))
    #expect(abs(antipodes - 20_015) < 1)
    // Across the date line the way is short.
    #expect(GeoPoint(latitude: 0, longitude: 179.9).distanceKilometers(to: GeoPoint(latitude: 0, longitude: -179.9)) < 23)
  }

  @Test func weightsAddUpExactlyAndFollowTheAmounts() {
    var random = SeededRandom(seed: 2)
    for _ in 0..<5_000 {
      let amounts = (0..<Int.random(in: 1...5, using: &random)).map { _ in Double.random(in: 0.001...1_000_000, using: &random) }
      let weights = EdgeWeights.hundredths(for: amounts)
      #expect(weights.count == amounts.count)
      #expect(weights.reduce(0, +) == 100)
      #expect(weights.allSatisfy { $0 >= 1 })
      for (left, leftWeight) in zip(amounts, weights) {
        for (right, rightWeight) in zip(amounts, weights) where left > right { #expect(leftWeight >= rightWeight) }
      }
      let total = amounts.reduce(0, +)
      for (amount, weight) in zip(amounts, weights) {
        #expect(abs(Double(weight) - amount / total * 100) <= Double(amounts.count) + 1)
      }
    }
    #expect(EdgeWeights.hundredths(for: []) == [])
    #expect(EdgeWeights.hundredths(for: [1, 1, 1]) == [34, 33, 33])
  }

  @Test func throughputFallsWithLatencyAndLoad() {
    func speed(_ load: UInt32, _ latency: Double) -> Double {
      Throughput.bytesPerSecond(bandwidthMegabits: 1_000, loadPercent: load, latencyMilliseconds: latency)
    }
    #expect(speed(0, 10) > speed(50, 10))
    #expect(speed(0, 10) > speed(0, 100))
    #expect(speed(100, 10_000) > 0)
    #expect(Throughput.seconds(for: .zero, bytesPerSecond: [1]) == 0)
    #expect(Throughput.seconds(for: ByteCount(1), bytesPerSecond: [1e9]) == 1)
    #expect(Throughput.seconds(for: .tebibytes(5), bytesPerSecond: [0.000001]) == .max)
    #expect(Throughput.seconds(for: ByteCount(1_000_000_000), bytesPerSecond: [50e6, 50e6]) == 10)
  }

  @Test func estimatesLeanTowardsNewSamplesAndFadeWithTime() {
    let old = RoundTripEstimate(milliseconds: 100, updatedAt: 0)
    #expect(old.adding(milliseconds: 0, at: 0).milliseconds == 80)
    #expect(old.adding(milliseconds: 0, at: 600_000).milliseconds < 37)
    #expect(old.adding(milliseconds: 0, at: -5).updatedAt == 0)
    #expect(old.isFresh(at: 86_400_000))
    #expect(!old.isFresh(at: 86_401_000))
  }

  @Test(arguments: [
    ("text/csv; charset=utf-8", "a.zip", CompressionAdvice.gzip), ("video/mp4", "a.txt", .none), ("application/geo+json", nil, .gzip),
    (nil, "LOG.TXT", .gzip), (nil, "film.mkv", .none), (nil, nil, .none), (nil, "txt", .none), ("application/octet-stream", "dump.sql", .gzip),
    ("application/zip", nil, .none), ("image/svg+xml", nil, .gzip),
  ] as [(String?, String?, CompressionAdvice)])
  func compressionFollowsTheType(_ mediaType: String?, _ fileName: String?, _ advice: CompressionAdvice) {
    #expect(CompressionAdvice(mediaType: mediaType, fileName: fileName) == advice)
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

import EdgeSelection
import Model
import Testing

/// San Francisco.
let home = GeoPoint(latitude: 37.7749, longitude: -122.4194)

func edge(
  _ id: String, _ latitude: Double, _ longitude: Double, load: UInt32 = 20, heardAt: Int64 = 0, draining: Bool = false, probe: Double? = nil
) -> EdgeRecord {
  let site = EdgeSite(
    id: EdgeID(id)!, url: "https://\(id).example", city: id, country: "US", point: GeoPoint(latitude: latitude, longitude: longitude))
  return EdgeRecord(
    site: site,
    status: EdgeStatus(
      url: "http://127.0.0.1/\(id)", rpcAddress: "127.0.0.1:1", loadPercent: load, bandwidthMegabits: 1_000, isDraining: draining,
      heardAt: heardAt, probeMilliseconds: probe))
}

@Suite(.timeLimit(.minutes(1)))
struct SelectorTests {
  let near = edge("sfo-1", 37.7749, -122.4194)
  let far = edge("lax-1", 34.0522, -118.2437)
  let farther = edge("nyc-1", 40.7128, -74.0060)

  @Test func theNearestComeFirstWithTheirDistances() {
    let chosen = EdgeSelector.choose(from: [farther, far, near], location: home, samples: [:], priority: .speed, now: 0)
    #expect(chosen.map(\.id.text) == ["sfo-1", "lax-1", "nyc-1"])
    #expect(chosen.map { $0.distanceKilometers.rounded() } == [0, 559, 4_129])
    #expect(chosen.map { $0.latencyMilliseconds.rounded() } == [12, 18, 53])
    #expect(chosen.map(\.weightHundredths).reduce(0, +) == 100)
    #expect(chosen[0].weightHundredths > chosen[2].weightHundredths)
    #expect(chosen[0].url == "http://127.0.0.1/sfo-1")
  }

  @Test func onlyTheLivingAreChosen() {
    let silent = edge("old-1", 37.7749, -122.4194, heardAt: -1)
    let leaving = edge("bye-1", 37.7749, -122.4194, draining: true)
    let never = EdgeRecord(site: near.site)
    #expect(EdgeSelector.choose(from: [silent, leaving, never], location: home, samples: [:], priority: .speed, now: 30_000).isEmpty)
    #expect(EdgeSelector.choose(from: [silent], location: home, samples: [:], priority: .speed, now: 29_999).count == 1)
  }

  @Test func anEdgeThatDoesNotAnswerIsTheLastResort() {
    let mute = edge("mute-1", 37.7749, -122.4194, probe: 2_000)
    #expect(EdgeSelector.choose(from: [mute, farther], location: home, samples: [:], priority: .speed, now: 0).map(\.id.text) == ["nyc-1"])
    #expect(EdgeSelector.choose(from: [mute], location: home, samples: [:], priority: .speed, now: 0).count == 1)
  }

  @Test func whatTheUserMeasuredOutranksTheMap() {
    let samples = [near.site.id: RoundTripEstimate(milliseconds: 400, updatedAt: 0)]
    let chosen = EdgeSelector.choose(from: [near, far], location: home, samples: samples, priority: .speed, now: 0)
    #expect(chosen.map(\.id.text) == ["lax-1", "sfo-1"])
    #expect(chosen[1].latencyMilliseconds == 400)
    // Yesterday's measurement is no longer believed.
    let day: Int64 = 86_400_000
    let later = edge("sfo-1", 37.7749, -122.4194, heardAt: day + 1)
    let stale = EdgeSelector.choose(from: [later], location: home, samples: samples, priority: .speed, now: day + 1)
    #expect(stale.first?.latencyMilliseconds == 12)
  }

  @Test func withoutAPlaceTheProbeStandsIn() {
    let probed = edge("lax-1", 34.0522, -118.2437, probe: 3)
    let chosen = EdgeSelector.choose(from: [near, probed], location: nil, samples: [:], priority: .speed, now: 0)
    #expect(chosen.map(\.id.text) == ["lax-1", "sfo-1"])
    #expect(chosen.map(\.latencyMilliseconds) == [3, 12])
    #expect(chosen.map(\.distanceKilometers) == [0, 0])
  }

  /// Against the obvious way: score all, sort, take five.
  @Test func theShortListIsThatOfAFullSort() {
    var random = SeededRandom(seed: 3)
    for round in 0..<200 {
      let edges = (0..<Int.random(in: 0...260, using: &random)).map { number in
        edge(
          "e\(number)-\(round)", .random(in: -90...90, using: &random), .random(in: -180...180, using: &random),
          load: .random(in: 0...100, using: &random), heardAt: .random(in: -40_000...0, using: &random))
      }
      let chosen = EdgeSelector.choose(from: edges, location: home, samples: [:], priority: .balanced, now: 0)
      var scored: [(score: Double, id: EdgeID)] = []
      for record in edges where record.isLive(at: 0) {
        let distance = home.distanceKilometers(to: record.site.point)
        let score = EdgeScore(
          latencyMilliseconds: LatencyModel.milliseconds(distanceKilometers: distance), loadPercent: Double(record.status?.loadPercent ?? 0),
          distanceKilometers: distance, priority: .balanced)
        scored.append((score.value, record.site.id))
      }
      scored.sort { $0.score == $1.score ? $0.id < $1.id : $0.score > $1.score }
      #expect(chosen.map(\.id) == scored.prefix(5).map(\.id))
    }
  }

  @Test func theDirectoryKeepsTheNewestWord() {
    let directory = EdgeDirectory()
    directory.replaceAll(with: [near])
    directory.probed(near.site.id, milliseconds: 7)
    var status = near.status!
    status.heardAt = 50
    status.loadPercent = 90
    directory.heard(status, from: near.site)
    #expect(directory[near.site.id]?.status?.probeMilliseconds == 7)
    directory.replaceAll(with: [near, far])
    #expect(directory[near.site.id]?.status?.loadPercent == 90)
    directory.heard(farther.status!, from: farther.site)
    #expect(directory.live(at: 0).count == 3)
  }
}

import Model

/// One edge of an answer.
public struct EdgeChoice: Sendable, Hashable {
  public var id: EdgeID
  public var url: String
  public var rpcAddress: String
  /// Round trip for this user.
  public var latencyMilliseconds: Double
  public var loadPercent: UInt32
  /// Great circle from this user; 0 where the user did not say where they are.
  public var distanceKilometers: Double
  /// Expected bytes per second.
  public var bytesPerSecond: Double
  /// Share of the chunks; those of one answer add up to 100.
  public var weightHundredths: Int
}

/// Picks edges for one upload.
public enum EdgeSelector {
  /// The best live edges, best first, at most `EdgeLimits.edgesPerUploadMax`; empty where none lives.
  ///
  /// One that did not answer its last probe may be dead and not yet silent for long enough: it is taken only if none answers.
  /// `samples` are what this user's devices measured. Where there is none for an edge, the distance stands in, and where the
  /// user's place is unknown too, our own probe of the edge.
  public static func choose(
    from records: [EdgeRecord], location: GeoPoint?, samples: [EdgeID: RoundTripEstimate], priority: UploadPriority, now: Int64
  ) -> [EdgeChoice] {
    let answering = choose(from: records, location: location, samples: samples, priority: priority, now: now) { $0.hasAnswered }
    return answering.isEmpty ? choose(from: records, location: location, samples: samples, priority: priority, now: now) { _ in true } : answering
  }

  private static func choose(
    from records: [EdgeRecord], location: GeoPoint?, samples: [EdgeID: RoundTripEstimate], priority: UploadPriority, now: Int64,
    where isFit: (EdgeStatus) -> Bool
  ) -> [EdgeChoice] {
    var best: [(score: EdgeScore, choice: EdgeChoice)] = []
    for record in records {
      guard let status = record.status, record.isLive(at: now), !status.isDraining, isFit(status) else { continue }
      let distance = location.map { $0.distanceKilometers(to: record.site.point) }
      let latency = latency(to: record.site.id, status: status, distanceKilometers: distance, samples: samples, now: now)
      let score = EdgeScore(
        latencyMilliseconds: latency, loadPercent: Double(status.loadPercent), distanceKilometers: distance ?? 0, priority: priority)
      // The list stays short and sorted; most of a few hundred edges are turned away by one comparison.
      let isBetter = { (other: (score: EdgeScore, choice: EdgeChoice)) in
        (score.value, other.choice.id) > (other.score.value, record.site.id)
      }
      if best.count == EdgeLimits.edgesPerUploadMax, let last = best.last, !isBetter(last) { continue }
      let speed = Throughput.bytesPerSecond(
        bandwidthMegabits: status.bandwidthMegabits, loadPercent: status.loadPercent, latencyMilliseconds: latency)
      let choice = EdgeChoice(
        id: record.site.id, url: status.url, rpcAddress: status.rpcAddress, latencyMilliseconds: latency, loadPercent: status.loadPercent,
        distanceKilometers: distance ?? 0, bytesPerSecond: speed, weightHundredths: 0)
      best.insert((score, choice), at: best.firstIndex(where: isBetter) ?? best.count)
      if best.count > EdgeLimits.edgesPerUploadMax { best.removeLast() }
    }
    var choices = best.map(\.choice)
    for (index, weight) in EdgeWeights.hundredths(for: choices.map(\.bytesPerSecond)).enumerated() { choices[index].weightHundredths = weight }
    return choices
  }

  private static func latency(
    to id: EdgeID, status: EdgeStatus, distanceKilometers: Double?, samples: [EdgeID: RoundTripEstimate], now: Int64
  ) -> Double {
    if let sample = samples[id], sample.isFresh(at: now) { return sample.milliseconds }
    if let distanceKilometers { return LatencyModel.milliseconds(distanceKilometers: distanceKilometers) }
    return status.probeMilliseconds ?? LatencyModel.milliseconds(distanceKilometers: 0)
  }
}

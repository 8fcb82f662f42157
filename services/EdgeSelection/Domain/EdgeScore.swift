/// What the caller asked for.
public enum UploadPriority: Sendable, Hashable, CaseIterable {
  case speed
  case cost
  case balanced
}

/// How well an edge suits an upload: above 0, at most 1, higher is better.
///
/// A weighted sum of three parts, each falling as its input rises, so that no edge ever gains by being slower, busier or
/// farther away. Money per byte is the same at every edge; what `cost` saves is transit, hence its weight on distance.
public struct EdgeScore: Sendable, Hashable, Comparable {
  public let value: Double

  /// The latency at which its part has fallen to one half.
  static let latencyHalfMilliseconds = 60.0
  /// The distance at which its part has fallen to one half.
  static let distanceHalfKilometers = 2_000.0

  /// `latencyMilliseconds` and `distanceKilometers` are at least 0, `loadPercent` is 0 to 100; what lies outside is pulled in.
  public init(latencyMilliseconds: Double, loadPercent: Double, distanceKilometers: Double, priority: UploadPriority) {
    let weights = Weights(priority)
    let latency = Self.latencyHalfMilliseconds / (Self.latencyHalfMilliseconds + max(0, latencyMilliseconds))
    let headroom = 1 - min(max(loadPercent, 0), 100) / 100
    let distance = Self.distanceHalfKilometers / (Self.distanceHalfKilometers + max(0, distanceKilometers))
    value = weights.latency * latency + weights.load * headroom + weights.distance * distance
  }

  public static func < (left: EdgeScore, right: EdgeScore) -> Bool { left.value < right.value }

  /// Shares that add up to 1.
  struct Weights {
    let latency: Double
    let load: Double
    let distance: Double

    init(_ priority: UploadPriority) {
      (latency, load, distance) =
        switch priority {
        case .speed: (0.60, 0.35, 0.05)
        case .balanced: (0.45, 0.35, 0.20)
        case .cost: (0.20, 0.30, 0.50)
        }
    }
  }
}

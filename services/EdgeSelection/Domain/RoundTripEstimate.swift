import Glibc

/// How long a round trip between one user and one edge takes, learnt from what clients measured.
///
/// An exponentially weighted mean whose memory fades with time: after `timeConstantSeconds` of silence a new sample counts
/// for 63%, in a burst each counts for a fifth.
public struct RoundTripEstimate: Sendable, Hashable {
  public var milliseconds: Double
  /// Unix milliseconds of the newest sample.
  public var updatedAt: Int64

  static let timeConstantSeconds = 600.0
  static let newSampleShareMin = 0.2

  public init(milliseconds: Double, updatedAt: Int64) {
    self.milliseconds = milliseconds
    self.updatedAt = updatedAt
  }

  /// The estimate after one more sample. A clock that went backwards counts as no time passed.
  public func adding(milliseconds sample: Double, at now: Int64) -> RoundTripEstimate {
    let seconds = Double(max(0, now - updatedAt)) / 1_000
    let share = max(Self.newSampleShareMin, 1 - exp(-seconds / Self.timeConstantSeconds))
    return RoundTripEstimate(milliseconds: milliseconds + share * (sample - milliseconds), updatedAt: max(now, updatedAt))
  }

  /// Whether it is recent enough to be believed.
  public func isFresh(at now: Int64) -> Bool { now - updatedAt <= EdgeLimits.sampleSecondsMax * 1_000 }
}

/// A guess at the round trip where nobody has measured it.
public enum LatencyModel {
  /// The last mile, there and back.
  static let baseMilliseconds = 12.0
  /// Light in glass does 200 km per millisecond: 100 km there and back.
  static let kilometersPerMillisecond = 100.0

  /// Milliseconds to an edge this far away.
  public static func milliseconds(distanceKilometers: Double) -> Double {
    baseMilliseconds + distanceKilometers / kilometersPerMillisecond
  }
}

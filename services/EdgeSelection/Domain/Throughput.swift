import Model

/// How many bytes a second to expect of an edge.
public enum Throughput {
  /// Where an edge does not say what it has free.
  static let assumedMegabits = 1_000.0
  /// What one upload keeps in flight towards an edge: 6 connections with 2 MiB each.
  static let bytesInFlight = 6.0 * 2_097_152
  /// A full edge still moves something, and a division by zero helps nobody.
  static let headroomMin = 0.02
  /// What a client is taken to be able to send in all.
  static let clientMegabits = 1_000.0

  /// Bytes per second through one edge: its free bandwidth and the round trip each take their time, so the rates add inversely.
  public static func bytesPerSecond(bandwidthMegabits: UInt32, loadPercent: UInt32, latencyMilliseconds: Double) -> Double {
    let megabits = bandwidthMegabits > 0 ? Double(bandwidthMegabits) : assumedMegabits
    let headroom = max(headroomMin, 1 - Double(min(loadPercent, 100)) / 100)
    let line = megabits * 125_000 * headroom
    let window = bytesInFlight / (max(0.1, latencyMilliseconds) / 1_000)
    return 1 / (1 / line + 1 / window)
  }

  /// Whole seconds, at least 1 for a file with bytes, for a transfer over edges of these speeds.
  public static func seconds(for size: ByteCount, bytesPerSecond: [Double]) -> UInt32 {
    guard size > .zero else { return 0 }
    let total = min(bytesPerSecond.reduce(0, +), clientMegabits * 125_000)
    guard total > 0 else { return .max }
    return UInt32(min(Double(UInt32.max), max(1, (Double(size.rawValue) / total).rounded(.up))))
  }
}

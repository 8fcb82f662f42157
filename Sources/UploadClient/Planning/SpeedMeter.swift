/// Bytes per second over the last few seconds, and how long the rest will take.
public struct SpeedMeter: Sendable {
  /// Newest last: when, and how many bytes by then.
  private var marks: [(nanoseconds: UInt64, bytes: UInt64)] = []
  static let spanNanoseconds: UInt64 = 8_000_000_000
  static let marksMax = 128

  public init() {}

  /// Bytes transferred so far; may go back when a chunk has to be sent again.
  public mutating func mark(bytes: UInt64, at nanoseconds: UInt64) {
    marks.append((nanoseconds, bytes))
    while marks.count > 2, marks.count > Self.marksMax || nanoseconds - marks[1].nanoseconds >= Self.spanNanoseconds { marks.removeFirst() }
  }

  /// 0 until there are two marks.
  public var bytesPerSecond: Double {
    guard let first = marks.first, let last = marks.last, last.nanoseconds > first.nanoseconds, last.bytes > first.bytes else { return 0 }
    return Double(last.bytes - first.bytes) / (Double(last.nanoseconds - first.nanoseconds) / 1e9)
  }

  /// Whole seconds for `bytes` more; nil while nothing moves.
  public func secondsLeft(bytes: UInt64) -> UInt64? {
    let rate = bytesPerSecond
    guard rate > 0 else { return nil }
    return UInt64(min(1e9, (Double(bytes) / rate).rounded(.up)))
  }
}

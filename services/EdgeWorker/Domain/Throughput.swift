/// How fast bytes come in, between two looks.
public struct Throughput: Sendable {
  private var lastBytes: UInt64 = 0
  private var lastMilliseconds: UInt64?

  public init() {}

  /// Megabits per second (10^6 bits) since the look before this one; 0 at the first.
  public mutating func look(bytes: UInt64, nowMilliseconds: UInt64) -> UInt32 {
    defer {
      lastBytes = bytes
      lastMilliseconds = nowMilliseconds
    }
    guard let lastMilliseconds, nowMilliseconds > lastMilliseconds, bytes >= lastBytes else { return 0 }
    // bits per millisecond / 1000 = megabits per second
    return UInt32(clamping: (bytes - lastBytes) * 8 / (nowMilliseconds - lastMilliseconds) / 1000)
  }
}

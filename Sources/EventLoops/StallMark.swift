/// Since when a peer has kept us waiting without moving enough bytes. A peer that moves a byte now and then is as slow as one that
/// moves nothing.
public struct StallMark: Sendable {
  private var sinceNanoseconds: UInt64 = 0
  private var bytes = 0

  public init() {}

  /// - Parameters:
  ///   - moved: bytes moved so far, in the direction that we wait for.
  ///   - bytesMin: what must move within the time for the wait to begin anew.
  /// - Returns: how long the wait has lasted, in nanoseconds.
  public mutating func waited(moved: Int, bytesMin: Int, now: UInt64) -> UInt64 {
    if sinceNanoseconds == 0 || moved < bytes || moved - bytes >= bytesMin {
      sinceNanoseconds = now
      bytes = moved
    }
    return now - sinceNanoseconds
  }

  /// We wait for nothing.
  public mutating func clear() { sinceNanoseconds = 0 }
}

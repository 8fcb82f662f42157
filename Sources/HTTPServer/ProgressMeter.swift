/// Measures how long a peer has kept us waiting for each quantum of bytes: a client that sends one byte now and then is as
/// slow as one that sends nothing.
struct ProgressMeter {
  private let limitNanoseconds: UInt64
  private let quantumBytes: Int
  private var waitedNanoseconds: UInt64 = 0
  private var movedBytes = 0

  init(limitMilliseconds: UInt64, quantumBytes: Int) {
    limitNanoseconds = limitMilliseconds * 1_000_000
    self.quantumBytes = quantumBytes
  }

  /// How long the next wait may be.
  var remainingMilliseconds: UInt64 {
    waitedNanoseconds >= limitNanoseconds ? 1 : max(1, (limitNanoseconds - waitedNanoseconds) / 1_000_000)
  }

  mutating func waited(nanoseconds: UInt64) {
    waitedNanoseconds += nanoseconds
  }

  mutating func moved(bytes: Int) {
    movedBytes += bytes
    guard movedBytes >= quantumBytes else { return }
    movedBytes = 0
    waitedNanoseconds = 0
  }
}

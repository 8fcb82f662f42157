/// How many calls something has seen.
public struct CallCounters: Sendable, Equatable {
  public private(set) var started: UInt64 = 0
  public private(set) var succeeded: UInt64 = 0
  public private(set) var failed: UInt64 = 0
  /// CLOCK_MONOTONIC; 0 for never.
  public private(set) var lastStartedNanoseconds: UInt64 = 0

  public init() {}

  public var running: UInt64 { started &- succeeded &- failed }

  mutating func started(_ now: UInt64) {
    started &+= 1
    lastStartedNanoseconds = now
  }

  mutating func ended(_ succeeded: Bool) {
    if succeeded { self.succeeded &+= 1 } else { failed &+= 1 }
  }
}

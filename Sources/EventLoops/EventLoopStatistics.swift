import Synchronization

/// Counters of one event loop.
public final class EventLoopStatistics: Sendable {
  private let turnCount = Atomic<UInt64>(0)
  private let slowTurnCount = Atomic<UInt64>(0)
  private let longestTurn = Atomic<UInt64>(0)
  private let busyTime = Atomic<UInt64>(0)

  /// Iterations so far.
  public var turns: UInt64 { turnCount.load(ordering: .relaxed) }
  /// Iterations whose work took over 5 ms.
  public var slowTurns: UInt64 { slowTurnCount.load(ordering: .relaxed) }
  /// Longest iteration so far, in nanoseconds.
  public var longestTurnNanoseconds: UInt64 { longestTurn.load(ordering: .relaxed) }

  /// Time that all iterations worked, in nanoseconds; the rest was waiting.
  public var busyNanoseconds: UInt64 { busyTime.load(ordering: .relaxed) }

  func record(turnNanoseconds: UInt64) {
    // One writer, the loop itself: plain stores will do.
    turnCount.store(turnCount.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    busyTime.store(busyTime.load(ordering: .relaxed) &+ turnNanoseconds, ordering: .relaxed)
    guard turnNanoseconds > EventLoopLimits.slowTurnNanoseconds else { return }
    slowTurnCount.store(slowTurnCount.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    if turnNanoseconds > longestTurn.load(ordering: .relaxed) { longestTurn.store(turnNanoseconds, ordering: .relaxed) }
  }
}

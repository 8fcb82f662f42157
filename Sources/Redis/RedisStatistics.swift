import Synchronization

/// Counters of one client. Written on its loop, read from any thread.
public final class RedisStatistics: Sendable {
  private let connected = Atomic<Bool>(false)
  private let calls = Atomic<UInt64>(0)
  private let ended = Atomic<UInt64>(0)
  private let errors = Atomic<UInt64>(0)
  private let timeouts = Atomic<UInt64>(0)
  private let opened = Atomic<UInt64>(0)

  init() {}

  public var isConnected: Bool { connected.load(ordering: .relaxed) }
  /// Calls (commands or pipelines) that somebody waits for.
  public var waiting: UInt64 { callsTotal - min(ended.load(ordering: .relaxed), callsTotal) }
  public var callsTotal: UInt64 { calls.load(ordering: .relaxed) }
  /// Calls that failed for any reason but their own cancellation.
  public var errorsTotal: UInt64 { errors.load(ordering: .relaxed) }
  public var timeoutsTotal: UInt64 { timeouts.load(ordering: .relaxed) }
  /// Connections that were opened, the first included.
  public var connectionsTotal: UInt64 { opened.load(ordering: .relaxed) }

  func countCall() { Self.add(1, to: calls) }
  func countEnd() { Self.add(1, to: ended) }
  func countError() { Self.add(1, to: errors) }
  func countTimeouts(_ count: Int) { Self.add(UInt64(count), to: timeouts) }

  func connectionOpened() {
    Self.add(1, to: opened)
    connected.store(true, ordering: .relaxed)
  }

  /// One thread writes: no bus lock is needed.
  @inline(__always)
  private static func add(_ count: UInt64, to counter: borrowing Atomic<UInt64>) {
    counter.store(counter.load(ordering: .relaxed) &+ count, ordering: .relaxed)
  }

  func connectionLost() { connected.store(false, ordering: .relaxed) }
}

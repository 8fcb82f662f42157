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

  func countCall() { calls.add(1, ordering: .relaxed) }
  func countEnd() { ended.add(1, ordering: .relaxed) }
  func countError() { errors.add(1, ordering: .relaxed) }
  func countTimeouts(_ count: Int) { timeouts.add(UInt64(count), ordering: .relaxed) }

  func connectionOpened() {
    opened.add(1, ordering: .relaxed)
    connected.store(true, ordering: .relaxed)
  }

  func connectionLost() { connected.store(false, ordering: .relaxed) }
}

import Synchronization

/// Counters of one pool. Written on its loop, read from any thread.
public final class PostgresStatistics: Sendable {
  private let open = Atomic<Int>(0)
  private let busy = Atomic<Int>(0)
  private let waiters = Atomic<Int>(0)
  private let statements = Atomic<UInt64>(0)
  private let errors = Atomic<UInt64>(0)
  private let timeouts = Atomic<UInt64>(0)
  private let opened = Atomic<UInt64>(0)

  init() {}

  public var connections: Int { open.load(ordering: .relaxed) }
  /// Connections with a statement in flight or in a caller's hands.
  public var inUse: Int { busy.load(ordering: .relaxed) }
  /// Callers that wait for a connection.
  public var waiting: Int { waiters.load(ordering: .relaxed) }
  public var statementsTotal: UInt64 { statements.load(ordering: .relaxed) }
  /// Statements and waits that failed for any reason but their own cancellation.
  public var errorsTotal: UInt64 { errors.load(ordering: .relaxed) }
  public var timeoutsTotal: UInt64 { timeouts.load(ordering: .relaxed) }
  /// Connections that were opened.
  public var connectionsTotal: UInt64 { opened.load(ordering: .relaxed) }

  func record(connections: Int, inUse: Int, waiting: Int) {
    open.store(connections, ordering: .relaxed)
    busy.store(inUse, ordering: .relaxed)
    waiters.store(waiting, ordering: .relaxed)
  }

  func countStatement() { Self.add(1, to: statements) }
  func countError() { Self.add(1, to: errors) }
  func countTimeout() { Self.add(1, to: timeouts) }
  func countConnection() { Self.add(1, to: opened) }

  /// One thread writes: no bus lock is needed.
  @inline(__always)
  private static func add(_ count: UInt64, to counter: borrowing Atomic<UInt64>) {
    counter.store(counter.load(ordering: .relaxed) &+ count, ordering: .relaxed)
  }
}

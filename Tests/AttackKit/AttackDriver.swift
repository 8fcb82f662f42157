import Glibc
import Synchronization

/// Carries out one attack on a port of this machine, from a thread of its own. A connection that the server has ended is opened again.
public final class AttackDriver: Sendable {
  /// What has come of it so far.
  public struct Report: Sendable {
    /// Connections that the server ended.
    public var ended = 0
    /// The longest that one of them lasted, those that still do included.
    public var longestMilliseconds = 0
    public var bytesSent = 0
    public var connectFailures = 0

    public init() {}
  }

  private let report = Mutex(Report())
  private let isStopped = Atomic<Bool>(false)
  private let isDone = Atomic<Bool>(false)

  /// Between a connection's end and the next try. An attacker from one address could not be much faster: a new connection takes a round trip.
  static let reopenMilliseconds: UInt64 = 100

  /// - Parameter reopens: false: every connection is opened once.
  public init(_ attack: Attack, port: UInt16, reopens: Bool = true) {
    let context = Unmanaged.passRetained(Job(driver: self, attack: attack, port: port, reopens: reopens)).toOpaque()
    var thread = pthread_t()
    let status = pthread_create(&thread, nil, { raw in
      guard let raw else { return nil }
      let job = Unmanaged<Job>.fromOpaque(raw).takeRetainedValue()
      job.driver.run(job)
      return nil
    }, context)
    precondition(status == 0, "no thread for the attack")
    pthread_detach(thread)
  }

  public var state: Report { report.withLock { $0 } }

  /// Ends the attack and returns when all its connections are closed.
  @discardableResult
  public func stop() -> Report {
    isStopped.store(true, ordering: .releasing)
    while !isDone.load(ordering: .acquiring) { usleep(2_000) }
    return state
  }

  private final class Job: Sendable {
    let driver: AttackDriver
    let attack: Attack
    let port: UInt16
    let reopens: Bool

    init(driver: AttackDriver, attack: Attack, port: UInt16, reopens: Bool) {
      self.driver = driver
      self.attack = attack
      self.port = port
      self.reopens = reopens
    }
  }

  private func run(_ job: Job) {
    let connections = (0..<job.attack.connections).map { _ in AttackConnection(job.attack, port: job.port) }
    while !isStopped.load(ordering: .acquiring) {
      let now = AttackConnection.milliseconds()
      var polls = connections.map { $0.pollRequest(now) }
      poll(&polls, nfds_t(polls.count), 5)
      var seen = state
      seen.longestMilliseconds = 0
      for (connection, answer) in zip(connections, polls) {
        connection.advance(AttackConnection.milliseconds(), Int32(answer.revents), mayOpen: job.reopens || connection.opened == 0)
        seen.longestMilliseconds = max(seen.longestMilliseconds, connection.longestMilliseconds(AttackConnection.milliseconds()))
      }
      seen.ended = connections.reduce(0) { $0 + $1.ended }
      seen.bytesSent = connections.reduce(0) { $0 + $1.bytesSent }
      seen.connectFailures = connections.reduce(0) { $0 + $1.connectFailures }
      report.withLock { $0 = seen }
    }
    for connection in connections { connection.close() }
    isDone.store(true, ordering: .releasing)
  }
}

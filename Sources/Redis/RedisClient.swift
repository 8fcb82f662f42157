import Bytes
import EventLoops
import Logging

/// Commands to one Redis server over one connection, pipelined. One client per loop, used on that loop only.
///
/// It connects by itself and again when the connection breaks. While the server counts as away every command fails at once with
/// `RedisError.unavailable`. A command that was sent is never repeated: after `unavailable` or `timeout` it may or may not have run.
/// Commands that block the connection on the server (`BLPOP`, `WAIT`) hold up everything behind them: do not send them here.
public final class RedisClient: RedisLink.User, @unchecked Sendable {
  private let loop: EventLoop
  private let configuration: RedisConfiguration
  private let link: RedisLink
  /// Calls that wait for the first connection, the oldest first.
  private var queued: [QueuedCall] = []
  public let statistics = RedisStatistics()
  private let watch: WaitWatch

  private struct QueuedCall {
    var call: RedisCall
    let commands: [UInt8]
  }

  /// Starts connecting at once. On the loop only.
  public init(loop: EventLoop, configuration: RedisConfiguration, logger: Logger = Logger(label: "redis")) {
    precondition(loop.isCurrent, "a Redis client belongs to its loop")
    self.loop = loop
    self.configuration = configuration
    link = RedisLink(configuration: configuration, loop: loop, logger: logger)
    watch = WaitWatch(loop: loop, periodMilliseconds: 20)
    link.user = self
    link.start()
  }

  /// Why the server counts as away; nil while it does not.
  public var unavailableReason: String? { link.state.failure }

  /// Fails what waits and closes the connection. Commands after that throw `RedisError.closed`.
  public func close() {
    precondition(loop.isCurrent, "a Redis client belongs to its loop")
    link.close()
    watch.stop()
    failQueued(RedisError.closed)
  }

  // MARK: Commands

  /// Sends one command and waits for its reply.
  /// - Throws: `RedisError`, also for an error reply; `CancellationError`.
  public func send(_ command: [RedisArgument]) async throws -> RedisValue {
    try check(command)
    return try await reply { CommandEncoder.encode(command, into: &$0) }
  }

  /// Sends several commands in one go. One reply for each, in order; an error reply is a `RedisValue.error` in its place.
  /// Not a transaction: commands of others may run between them.
  public func pipeline(_ commands: [[RedisArgument]]) async throws -> [RedisValue] {
    guard !commands.isEmpty else { return [] }
    for command in commands { try check(command) }
    return try await run(ReplyBatch(count: commands.count)) { output in
      for command in commands { CommandEncoder.encode(command, into: &output) }
    }.array
  }

  private func check(_ command: [RedisArgument]) throws {
    if let objection = CommandEncoder.objection(to: command) { throw RedisError.invalidCommand(objection) }
  }

  /// Sends the one command that `encode` writes, which must not be one that `CommandEncoder` objects to.
  @inline(__always)
  func reply(_ encode: (inout ByteBuffer) -> Void) async throws -> RedisValue {
    let reply = try await run(nil, encode)
    if case .error(let error) = reply {
      statistics.countError()
      throw RedisError.server(error)
    }
    return reply
  }

  @inline(__always)
  private func run(_ batch: ReplyBatch?, _ encode: (inout ByteBuffer) -> Void) async throws -> RedisValue {
    precondition(loop.isCurrent, "a Redis client belongs to its loop")
    statistics.countCall()
    do {
      let task = SuspendedTask.current
      if task?.isCancelled ?? false { throw CancellationError() }
      let connection = try admit()
      let reply = try await withUnsafeThrowingContinuation { continuation in
        begin(RedisCall(waiter: continuation, task: task, deadlineNanoseconds: deadline, batch: batch), connection, encode)
      }
      statistics.countEnd()
      return reply
    } catch {
      statistics.countEnd()
      if !(error is CancellationError) { statistics.countError() }
      throw error
    }
  }

  /// Where to send a call; nil where it has to wait for the first connection.
  private func admit() throws(RedisError) -> RedisConnection? {
    let connection = link.connection
    switch link.state.admission(waiting: queued.count + (connection?.callsInFlight ?? 0), commandsMax: configuration.commandsMax) {
    case .refuse(let error): throw error
    case .queue: return nil
    case .send:
      guard let connection else { throw RedisError.unavailable("the connection is going down") }
      return connection
    }
  }

  @inline(__always)
  private func begin(_ call: consuming RedisCall, _ connection: RedisConnection?, _ encode: (inout ByteBuffer) -> Void) {
    if let connection {
      connection.send(call, encode)
    } else {
      var commands = ByteBuffer()
      encode(&commands)
      queued.append(QueuedCall(call: call, commands: commands.array))
    }
    watchWaits()
  }

  private func failQueued(_ error: RedisError) {
    let failed = queued
    queued = []
    for var one in failed { one.call.fail(error) }
  }

  // MARK: Time-outs and cancellation

  private var timeoutNanoseconds: UInt64 { configuration.commandTimeoutMilliseconds * 1_000_000 }
  private var deadline: UInt64 { loop.nowNanoseconds + timeoutNanoseconds }

  @inline(__always)
  private func watchWaits() {
    if !watch.isSet { watch.start { [self] in lookAtWaits() } }
  }

  /// Ends the waits whose time is over or whose task was cancelled; false if nobody is left. Called now and then while anybody waits.
  private func lookAtWaits() -> Bool {
    let now = loop.nowNanoseconds
    let timeout = RedisError.timeout(milliseconds: configuration.commandTimeoutMilliseconds)
    // All have the same time-out: the oldest is due first.
    while let first = queued.first, first.call.deadlineNanoseconds <= now {
      statistics.countTimeouts(1)
      queued[0].call.fail(timeout)
      queued.removeFirst()
    }
    for place in queued.indices where queued[place].call.isCancelled { queued[place].call.fail(CancellationError()) }
    queued.removeAll { $0.call.waiter == nil }
    if let connection = link.connection {
      connection.failCancelledCalls()
      statistics.countTimeouts(connection.failCalls(dueAt: now, timeout))
      if connection.isSilent(at: now, timeoutNanoseconds: timeoutNanoseconds) { connection.close(reason: "the server does not answer") }
    }
    return !queued.isEmpty || (link.connection?.callsInFlight ?? 0) > 0
  }

  // MARK: RedisLink.User

  func linkOpened(_ connection: RedisConnection) {
    statistics.connectionOpened()
    let ready = queued
    queued = []
    for one in ready { connection.send(one.call) { $0.append(contentsOf: one.commands) } }
    if !ready.isEmpty { watchWaits() }
  }

  func linkReceived(_ message: [RedisValue]) {}

  func linkLost(reason: String, isDown: Bool) {
    statistics.connectionLost()
    if isDown { failQueued(RedisError.unavailable(reason)) }
  }
}

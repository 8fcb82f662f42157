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
  private var queued = FIFOQueue<RedisCall>()
  public let statistics = RedisStatistics()
  private var deadlineTimer: LoopTimer?

  /// Starts connecting at once. On the loop only.
  public init(loop: EventLoop, configuration: RedisConfiguration, logger: Logger = Logger(label: "redis")) {
    precondition(loop.isCurrent, "a Redis client belongs to its loop")
    self.loop = loop
    self.configuration = configuration
    link = RedisLink(configuration: configuration, loop: loop, logger: logger)
    link.user = self
    link.start()
  }

  /// Why the server counts as away; nil while it does not.
  public var unavailableReason: String? { link.state.failure }

  /// Fails what waits and closes the connection. Commands after that throw `RedisError.closed`.
  public func close() {
    precondition(loop.isCurrent, "a Redis client belongs to its loop")
    link.close()
    deadlineTimer?.cancel()
    for call in queued.drain() { call.fail(RedisError.closed) }
  }

  // MARK: Commands

  /// Sends one command and waits for its reply.
  /// - Throws: `RedisError`, also for an error reply; `CancellationError`.
  public func send(_ command: [RedisArgument]) async throws -> RedisValue {
    try check(command)
    let reply = try await run(.command(command))
    if case .error(let error) = reply {
      statistics.countError()
      throw RedisError.server(error)
    }
    return reply
  }

  /// Sends several commands in one go. One reply for each, in order; an error reply is a `RedisValue.error` in its place.
  /// Not a transaction: commands of others may run between them.
  public func pipeline(_ commands: [[RedisArgument]]) async throws -> [RedisValue] {
    guard !commands.isEmpty else { return [] }
    for command in commands { try check(command) }
    return try await run(.pipeline(commands)).array
  }

  private func check(_ command: [RedisArgument]) throws {
    if let objection = CommandEncoder.objection(to: command) { throw RedisError.invalidCommand(objection) }
  }

  private func run(_ request: RedisCall.Request) async throws -> RedisValue {
    precondition(loop.isCurrent, "a Redis client belongs to its loop")
    let call = RedisCall(request, deadlineNanoseconds: loop.nowNanoseconds + timeoutNanoseconds)
    statistics.countCall()
    defer { statistics.countEnd() }
    do {
      try admit(call)
      return try await withTaskCancellationHandler {
        try await withUnsafeThrowingContinuation { call.start($0) }
      } onCancel: {
        // The reply is still to come, and is dropped then.
        loop.execute { call.fail(CancellationError()) }
      }
    } catch {
      if !(error is CancellationError) { statistics.countError() }
      throw error
    }
  }

  private func admit(_ call: RedisCall) throws {
    let waiting = queued.count + (link.connection?.callsInFlight ?? 0)
    switch link.state.admission(waiting: waiting, commandsMax: configuration.commandsMax) {
    case .refuse(let error):
      throw error
    case .queue:
      queued.append(call)
    case .send:
      guard let connection = link.connection else { throw RedisError.unavailable("the connection is going down") }
      connection.send(call)
    }
    watchDeadlines()
  }

  // MARK: Time-outs

  private var timeoutNanoseconds: UInt64 { configuration.commandTimeoutMilliseconds * 1_000_000 }

  /// One timer for all calls. They all have the same time-out, so the oldest one is due first.
  private func watchDeadlines() {
    guard deadlineTimer == nil else { return }
    guard let deadline = link.connection?.nextDeadline(timeoutNanoseconds: timeoutNanoseconds) ?? queued.first?.deadlineNanoseconds else { return }
    let now = loop.nowNanoseconds
    deadlineTimer = loop.schedule(afterMilliseconds: deadline <= now ? 1 : (deadline - now) / 1_000_000 + 1) { [weak self] in self?.checkDeadlines() }
  }

  private func checkDeadlines() {
    deadlineTimer = nil
    let now = loop.nowNanoseconds
    let timeout = RedisError.timeout(milliseconds: configuration.commandTimeoutMilliseconds)
    while let call = queued.first, call.isFinished || call.deadlineNanoseconds <= now {
      if !call.isFinished { statistics.countTimeouts(1) }
      call.fail(timeout)
      _ = queued.popFirst()
    }
    if let connection = link.connection {
      statistics.countTimeouts(connection.failCalls(dueAt: now, timeout))
      if let oldest = connection.oldestCall, oldest.deadlineNanoseconds <= now, connection.lastReceivedNanoseconds + timeoutNanoseconds <= now {
        // Nothing at all came in all that time: the server, or the way to it, is gone.
        connection.close(reason: "the server does not answer")
      }
    }
    watchDeadlines()
  }

  // MARK: RedisLink.User

  func linkOpened(_ connection: RedisConnection) {
    statistics.connectionOpened()
    for call in queued.drain() where !call.isFinished { connection.send(call) }
    watchDeadlines()
  }

  func linkReceived(_ message: [RedisValue]) {}

  func linkLost(reason: String, isDown: Bool) {
    statistics.connectionLost()
    guard isDown else { return }
    for call in queued.drain() { call.fail(RedisError.unavailable(reason)) }
  }
}

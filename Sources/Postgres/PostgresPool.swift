import EventLoops
import Glibc
import Logging

/// Connections to one database, for one loop; used on that loop only.
///
/// Connections are made when needed, up to `connectionsMax`, and again when they break. While the database counts as away every call
/// fails at once with `PostgresError.unavailable`. A statement that was sent is never repeated: after `unavailable` or `timeout` it may
/// or may not have happened, so callers repeat only what may happen twice.
public final class PostgresPool: PostgresConnectionOwner, @unchecked Sendable {
  let loop: EventLoop
  public let configuration: PostgresConfiguration
  private let logger: Logger
  private var state: PoolState<PoolWaiter>
  private var members: [PostgresConnection] = []
  /// Who waits for a connection, in the order of their deadlines; also some who wait no longer.
  private var queued = FIFOQueue<PoolWaiter>()
  private var nextMember = 0
  private var retryTimer: LoopTimer?
  private let watch: WaitWatch
  private let cancelTurn = CancelTurn()
  public let statistics = PostgresStatistics()

  /// Starts to connect at once. On the loop only.
  public init(loop: EventLoop, configuration: PostgresConfiguration, logger: Logger = Logger(label: "postgres")) {
    precondition(loop.isCurrent, "a PostgreSQL pool belongs to its loop")
    self.loop = loop
    self.configuration = configuration
    self.logger = logger
    watch = WaitWatch(loop: loop, periodMilliseconds: 20)
    state = PoolState(
      limits: PoolState<PoolWaiter>.Limits(
        connectionsMax: configuration.connectionsMax, pipelineDepthMax: configuration.pipelineDepthMax, waitersMax: configuration.waitersMax),
      backoff: ReconnectBackoff(
        initialMilliseconds: configuration.backoffInitialMilliseconds, maximumMilliseconds: configuration.backoffMaximumMilliseconds))
    carryOut(state.start())
  }

  /// Why the database counts as away; nil while it does not.
  public var unavailableReason: String? { state.failure }

  /// Closes every connection; statements in flight and callers that wait fail.
  public func close() {
    precondition(loop.isCurrent, "a PostgreSQL pool belongs to its loop")
    retryTimer?.cancel()
    watch.stop()
    carryOut(state.close())
    let open = members
    members = []
    for connection in open { connection.close(reason: "the pool was closed") }
  }

  // MARK: Statements

  /// Runs one statement, which is a transaction of its own.
  /// - Parameter sql: With `$1`, `$2`… for the parameters. A fixed text: it is prepared once per connection.
  /// - Throws: `PostgresError`, `CancellationError`.
  @discardableResult
  public func query(_ sql: String, _ parameters: [PostgresValue] = []) async throws -> PostgresRows {
    let request = try makeRequest(sql, parameters)
    if SuspendedTask.current?.isCancelled ?? false { throw CancellationError() }
    enqueue(request, .query)
    return try await answer(to: request)
  }

  /// Lends one connection to `body` alone. What `body` sets for the session it must reset itself.
  public func withConnection<T>(_ body: (PostgresSession) async throws -> T) async throws -> T {
    let connection = try await lease()
    let session = PostgresSession(connection: connection, pool: self)
    defer {
      session.end()
      giveBack(connection)
    }
    return try await body(session)
  }

  /// Runs `body` in one transaction: committed when it returns, rolled back when it throws.
  ///
  /// When COMMIT itself fails with `unavailable` or `timeout`, nobody knows whether it happened.
  /// - Throws: What `body` throws; `PostgresError.rolledBack` where `body` swallowed the failure of a statement.
  public func transaction<T>(_ body: (PostgresSession) async throws -> T) async throws -> T {
    try await withConnection { session in
      try await session.query("BEGIN")
      // What follows an error here is ROLLBACK, sent by whoever takes the connection back.
      let value = try await body(session)
      let end = try await session.finish("COMMIT")
      guard end != "ROLLBACK" else { throw PostgresError.rolledBack }
      return value
    }
  }

  func makeRequest(
    _ sql: String, _ parameters: [PostgresValue], isScript: Bool = false, timeoutMilliseconds: UInt64? = nil
  ) throws(PostgresError) -> PostgresRequest {
    precondition(loop.isCurrent, "a PostgreSQL pool belongs to its loop")
    guard !PostgresValue.hasNUL(sql) else { throw .invalidParameter("the statement contains a NUL") }
    try EncodedParameters.check(parameters)
    return PostgresRequest(
      sql: sql, parameters: parameters, isScript: isScript, timeoutMilliseconds: timeoutMilliseconds ?? configuration.queryTimeoutMilliseconds)
  }

  /// Sends `request` on a connection that the caller has to itself, and waits for its answer.
  func run(_ request: PostgresRequest, on connection: PostgresConnection, isCancellable: Bool = true) async throws -> PostgresRows {
    connection.send(request)
    return try await answer(to: request, isCancellable: isCancellable)
  }

  @inline(__always)
  private func answer(to request: PostgresRequest, isCancellable: Bool = true) async throws -> PostgresRows {
    let begunNanoseconds = loop.nowNanoseconds
    watchWaits()
    do {
      let task = isCancellable ? SuspendedTask.current : nil
      let result = try await withUnsafeThrowingContinuation { request.start($0, task: task) }
      if request.wasSent { statistics.countStatement() }
      guard let result else { throw PostgresError.unavailable("the server sent no result") }
      noteSlow(request, since: begunNanoseconds)
      return PostgresRows(result: result)
    } catch {
      throw failure(of: request, error, since: begunNanoseconds)
    }
  }

  /// Counts and logs `error`, and says it as the caller shall see it.
  private func failure(of request: PostgresRequest, _ error: any Error, since begunNanoseconds: UInt64) -> any Error {
    if request.wasSent { statistics.countStatement() }
    noteFailure(request, error, since: begunNanoseconds)
    if !(error is CancellationError) { statistics.countError() }
    if let known = error as? PostgresError, known.sqlState == "57014" { return PostgresError.timeout(milliseconds: request.timeoutMilliseconds) }
    return error
  }

  @inline(__always)
  private func watchWaits() {
    if !watch.isSet { watch.start { [self] in lookAtWaits() } }
  }

  /// Ends the waits whose time is over or whose task was cancelled; false if nobody is left. Called now and then while anybody waits.
  private func lookAtWaits() -> Bool {
    let now = loop.nowNanoseconds
    checkQueue(now: now)
    // Looking at one may close it.
    for connection in members { connection.lookAtWaits(now: now) }
    return !queued.isEmpty || members.contains { $0.requestsInFlight > 0 }
  }

  // MARK: Logs
  // In the caller's task, so that a log handler finds the request that the statement was for. Values are parameters and never shown.

  private func noteSlow(_ request: PostgresRequest, since begunNanoseconds: UInt64) {
    let milliseconds = (loop.nowNanoseconds - begunNanoseconds) / 1_000_000
    guard configuration.slowStatementMilliseconds > 0, milliseconds >= configuration.slowStatementMilliseconds else { return }
    logger.warning("a statement was slow", metadata: ["statement": "\(Self.shortened(request.sql))", "ms": "\(milliseconds)"])
  }

  private func noteFailure(_ request: PostgresRequest, _ error: any Error, since begunNanoseconds: UInt64) {
    guard !(error is CancellationError) else { return }
    let milliseconds = (loop.nowNanoseconds - begunNanoseconds) / 1_000_000
    logger.debug(
      "a statement failed",
      metadata: [
        "statement": "\(Self.shortened(request.sql))", "ms": "\(milliseconds)", "sqlState": "\((error as? PostgresError)?.sqlState ?? "")",
      ])
  }

  /// One line of at most 200 characters.
  private static func shortened(_ sql: String) -> String {
    sql.split(whereSeparator: \.isWhitespace).joined(separator: " ").prefix(200).description
  }

  // MARK: Connections

  private func enqueue(_ waiter: PoolWaiter, _ work: PoolState<PoolWaiter>.Work) {
    precondition(loop.isCurrent, "a PostgreSQL pool belongs to its loop")
    waiter.isQueued = true
    carryOut(state.request(work, waiter))
    guard waiter.isQueued else { return }
    waiter.acquireDeadlineNanoseconds = loop.nowNanoseconds + nanoseconds(configuration.acquireTimeoutMilliseconds)
    queued.append(waiter)
    watchWaits()
  }

  private func withdraw(_ waiter: PoolWaiter) {
    waiter.isQueued = false
    carryOut(state.withdraw(waiter))
  }

  private func lease() async throws -> PostgresConnection {
    try Task.checkCancellation()
    let request = LeaseRequest(loop: loop)
    enqueue(request, .lease)
    request.promise.onAbandon = { [weak self, unowned request] in self?.withdraw(request) }
    do {
      return try await request.promise.wait()
    } catch {
      if !(error is CancellationError) { statistics.countError() }
      throw error
    }
  }

  /// Everybody waits equally long, so the first in the queue is due first.
  private func checkQueue(now: UInt64) {
    while let waiter = queued.first, !waiter.isQueued || waiter.acquireDeadlineNanoseconds <= now {
      queued.popFirst()
      guard waiter.isQueued else { continue }
      withdraw(waiter)
      statistics.countTimeout()
      waiter.refuse(PostgresError.timeout(milliseconds: configuration.acquireTimeoutMilliseconds))
    }
    var cancelled: [PoolWaiter] = []
    queued.forEach { if $0.isQueued, $0.isCancelled { cancelled.append($0) } }
    for waiter in cancelled {
      withdraw(waiter)
      waiter.refuse(CancellationError())
    }
  }

  /// Takes a lent connection back, once it is outside any transaction and has nothing in flight.
  private func giveBack(_ connection: PostgresConnection) {
    guard members.contains(where: { $0 === connection }) else { return }
    if connection.requestsInFlight == 0, connection.isOutsideTransaction {
      return carryOut(state.released(connection.number))
    }
    guard let rollback = try? makeRequest("ROLLBACK", []) else { return }
    let milliseconds = configuration.queryTimeoutMilliseconds
    let patience = loop.schedule(afterMilliseconds: milliseconds) {
      if rollback.onCompletion != nil { connection.close(reason: "ROLLBACK was not answered within \(milliseconds) ms") }
    }
    rollback.onCompletion = { [weak self] in
      patience.cancel()
      guard let self else { return }
      carryOut(state.released(connection.number))
    }
    connection.send(rollback)
    watchWaits()
  }

  private func recordUse() {
    statistics.record(connections: state.memberCount, inUse: state.busyCount, waiting: state.waitingCount)
  }

  private func carryOut(_ actions: [PoolState<PoolWaiter>.Action]) {
    recordUse()
    for action in actions {
      switch action {
      case .assign(let waiter, let member): assign(waiter, member)
      case .refuse(let waiter, let error):
        waiter.isQueued = false
        waiter.refuse(error)
      case .open: loop.spawn { [self] in await openConnection() }
      case .retry(let milliseconds):
        retryTimer = loop.schedule(afterMilliseconds: milliseconds) { [weak self] in
          guard let self else { return }
          carryOut(state.retryDue())
        }
      }
    }
  }

  private func assign(_ waiter: PoolWaiter, _ member: Int) {
    leaveQueue(waiter)
    for index in members.indices where members[index].number == member { return waiter.assign(members[index]) }
    waiter.refuse(PostgresError.unavailable("the connection was lost"))
  }

  private func leaveQueue(_ waiter: PoolWaiter) {
    waiter.isQueued = false
    // Who was served leaves the queue from its front.
    while let first = queued.first, !first.isQueued { queued.popFirst() }
  }

  private func openConnection() async {
    do {
      let connection = try await connect()
      guard !state.isClosed else { return connection.close(reason: "the pool was closed") }
      members.append(connection)
      statistics.countConnection()
      if state.failure != nil { logger.notice("PostgreSQL is back") }
      carryOut(state.opened(connection.number))
    } catch {
      let reason = if case .unavailable(let text) = error { text } else { "\(error)" }
      if state.failure == nil, !state.isClosed { logger.warning("PostgreSQL is unavailable", metadata: ["reason": "\(reason)"]) }
      carryOut(state.openFailed(reason, chance: .random(in: 0..<1)))
    }
  }

  /// Tries each address of each host in turn. libpq gets one address at a time, already resolved, so that it never blocks.
  private func connect() async throws(PostgresError) -> PostgresConnection {
    var failure = PostgresError.unavailable("the server has no address")
    for endpoint in configuration.endpoints {
      do {
        for address in try await addresses(of: endpoint) {
          do {
            nextMember += 1
            let connection = PostgresConnection(
              number: nextMember, loop: loop, statementsMax: configuration.statementsMax, turn: cancelTurn, owner: self)
            try await connection.open(
              configuration.parameters(for: endpoint, address: address), timeoutMilliseconds: configuration.connectTimeoutMilliseconds)
            return connection
          } catch {
            failure = error
          }
        }
      } catch {
        failure = .unavailable("\(error)")
      }
    }
    throw failure
  }

  private func addresses(of endpoint: PostgresConfiguration.Endpoint) async throws -> [String?] {
    if endpoint.isUnixSocket { return [nil] }
    let (loop, port) = (loop, UInt16(endpoint.port) ?? 5432)
    let found = try await loop.withTimeout(milliseconds: configuration.connectTimeoutMilliseconds) {
      try await loop.resolve(host: endpoint.host, port: port)
    }
    return found.map { $0.host }
  }

  // MARK: PostgresConnectionOwner

  func connectionFinishedRequest(_ connection: PostgresConnection) {
    guard let next = state.handOver(connection.number) else { return carryOut(state.finished(connection.number)) }
    recordUse()
    leaveQueue(next)
    next.assign(connection)
  }

  func connectionTimedOut(_ connection: PostgresConnection, count: Int) {
    for _ in 0..<count { statistics.countTimeout() }
  }

  func connectionPaused(_ connection: PostgresConnection, _ isPaused: Bool) { carryOut(state.paused(connection.number, isPaused)) }

  func connectionClosed(_ connection: PostgresConnection, reason: String) {
    guard let index = members.firstIndex(where: { $0 === connection }) else { return }
    members.remove(at: index)
    logger.debug("a PostgreSQL connection was lost", metadata: ["reason": "\(reason)"])
    carryOut(state.lost(connection.number))
  }
}

import EventLoops
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
  private var state: PoolState
  private var members: [Int: PostgresConnection] = [:]
  private var waiters: [UInt64: LoopPromise<PostgresConnection>] = [:]
  private var nextMember = 0
  private var nextTicket: UInt64 = 0
  private var retryTimer: LoopTimer?
  public let statistics = PostgresStatistics()

  /// Starts to connect at once. On the loop only.
  public init(loop: EventLoop, configuration: PostgresConfiguration, logger: Logger = Logger(label: "postgres")) {
    precondition(loop.isCurrent, "a PostgreSQL pool belongs to its loop")
    self.loop = loop
    self.configuration = configuration
    self.logger = logger
    state = PoolState(
      limits: PoolState.Limits(
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
    carryOut(state.close())
    let open = members.values
    members = [:]
    for connection in open { connection.close(reason: "the pool was closed") }
  }

  // MARK: Statements

  /// Runs one statement, which is a transaction of its own.
  /// - Parameter sql: With `$1`, `$2`… for the parameters. A fixed text: it is prepared once per connection.
  /// - Throws: `PostgresError`, `CancellationError`.
  @discardableResult
  public func query(_ sql: String, _ parameters: [PostgresValue] = []) async throws -> PostgresRows {
    let request = try makeRequest(sql, parameters)
    let connection = try await acquire(.query)
    return try await run(request, on: connection)
  }

  /// Lends one connection to `body` alone. What `body` sets for the session it must reset itself.
  public func withConnection<T>(_ body: (PostgresSession) async throws -> T) async throws -> T {
    let connection = try await acquire(.lease)
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

  func makeRequest(_ sql: String, _ parameters: [PostgresValue], isScript: Bool = false) throws -> PostgresRequest {
    precondition(loop.isCurrent, "a PostgreSQL pool belongs to its loop")
    guard !sql.utf8.contains(0) else { throw PostgresError.invalidParameter("the statement contains a NUL") }
    return PostgresRequest(sql: sql, parameters: try EncodedParameters(parameters), isScript: isScript)
  }

  /// Sends `request` and waits for its answer.
  func run(_ request: PostgresRequest, on connection: PostgresConnection, timeoutMilliseconds: UInt64? = nil, isCancellable: Bool = true)
    async throws -> PostgresRows
  {
    let milliseconds = timeoutMilliseconds ?? configuration.queryTimeoutMilliseconds
    statistics.countStatement()
    connection.send(request)
    let timer = loop.schedule(afterMilliseconds: milliseconds) { [self] in
      statistics.countTimeout()
      let silentNanoseconds = loop.nowNanoseconds - min(connection.lastReceivedNanoseconds, loop.nowNanoseconds)
      connection.abandon(request, PostgresError.timeout(milliseconds: milliseconds))
      // Nothing at all came in all that time, not even the server's own time-out: it is gone.
      if silentNanoseconds >= milliseconds * 1_000_000 { connection.close(reason: "the server does not answer") }
    }
    defer { timer.cancel() }
    do {
      let result = try await withTaskCancellationHandler {
        try await withUnsafeThrowingContinuation { request.start($0) }
      } onCancel: {
        guard isCancellable else { return }
        loop.execute { connection.abandon(request, CancellationError()) }
      }
      guard let result else { throw PostgresError.unavailable("the server sent no result") }
      return PostgresRows(result: result)
    } catch {
      if !(error is CancellationError) { statistics.countError() }
      if let known = error as? PostgresError, known.sqlState == "57014" { throw PostgresError.timeout(milliseconds: milliseconds) }
      throw error
    }
  }

  // MARK: Connections

  private func acquire(_ work: PoolState.Work) async throws -> PostgresConnection {
    precondition(loop.isCurrent, "a PostgreSQL pool belongs to its loop")
    try Task.checkCancellation()
    nextTicket += 1
    let ticket = nextTicket
    let promise = LoopPromise<PostgresConnection>(loop: loop)
    waiters[ticket] = promise
    carryOut(state.request(work, ticket))
    promise.onAbandon = { [weak self] in
      guard let self, waiters.removeValue(forKey: ticket) != nil else { return }
      carryOut(state.withdraw(ticket))
    }
    do {
      return try await promise.wait(timeoutMilliseconds: configuration.acquireTimeoutMilliseconds)
    } catch is TimeoutError {
      statistics.countTimeout()
      statistics.countError()
      throw PostgresError.timeout(milliseconds: configuration.acquireTimeoutMilliseconds)
    } catch {
      if !(error is CancellationError) { statistics.countError() }
      throw error
    }
  }

  /// Takes a lent connection back, once it is outside any transaction and has nothing in flight.
  private func giveBack(_ connection: PostgresConnection) {
    guard members[connection.number] === connection else { return }
    if connection.requestsInFlight == 0, connection.isOutsideTransaction {
      return carryOut(state.released(connection.number))
    }
    guard let rollback = try? makeRequest("ROLLBACK", []) else { return }
    rollback.onCompletion = { [weak self] in
      guard let self else { return }
      carryOut(state.released(connection.number))
    }
    let milliseconds = configuration.queryTimeoutMilliseconds
    connection.send(rollback)
    _ = loop.schedule(afterMilliseconds: milliseconds) {
      if rollback.onCompletion != nil { connection.close(reason: "ROLLBACK was not answered within \(milliseconds) ms") }
    }
  }

  private func carryOut(_ actions: [PoolState.Action]) {
    statistics.record(connections: state.memberCount, inUse: state.busyCount, waiting: state.waitingCount)
    for action in actions {
      switch action {
      case .assign(let ticket, let member): assign(ticket, member)
      case .refuse(let ticket, let error): waiters.removeValue(forKey: ticket)?.fail(error)
      case .open: loop.spawn { [self] in await openConnection() }
      case .retry(let milliseconds):
        retryTimer = loop.schedule(afterMilliseconds: milliseconds) { [weak self] in
          guard let self else { return }
          carryOut(state.retryDue())
        }
      }
    }
  }

  private func assign(_ ticket: UInt64, _ member: Int) {
    guard let promise = waiters.removeValue(forKey: ticket) else { return }
    if let connection = members[member] { promise.succeed(connection) } else { promise.fail(PostgresError.unavailable("the connection was lost")) }
  }

  private func openConnection() async {
    do {
      let connection = try await connect()
      guard !state.isClosed else { return connection.close(reason: "the pool was closed") }
      members[connection.number] = connection
      statistics.countConnection()
      if state.failure != nil { logger.notice("PostgreSQL is back") }
      carryOut(state.opened(connection.number))
    } catch {
      let reason = if case .unavailable(let text) = error { text } else { "\(error)" }
      if state.failure == nil, !state.isClosed { logger.warning("PostgreSQL is unavailable: \(reason)") }
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
            let connection = PostgresConnection(number: nextMember, loop: loop, statementsMax: configuration.statementsMax, owner: self)
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

  func connectionFinishedRequest(_ connection: PostgresConnection) { carryOut(state.finished(connection.number)) }

  func connectionPaused(_ connection: PostgresConnection, _ isPaused: Bool) { carryOut(state.paused(connection.number, isPaused)) }

  func connectionClosed(_ connection: PostgresConnection, reason: String) {
    guard members.removeValue(forKey: connection.number) != nil else { return }
    logger.debug("a PostgreSQL connection was lost: \(reason)")
    carryOut(state.lost(connection.number))
  }
}

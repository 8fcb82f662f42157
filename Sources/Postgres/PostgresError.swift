/// Why the database did not give its answer. The text is for logs: a server's message may name tables and values.
public enum PostgresError: Error, Sendable, Equatable, CustomStringConvertible {
  /// No connection, or it went away before the answer came: what was sent may or may not have happened.
  case unavailable(String)
  /// No answer within this many milliseconds: what was sent may or may not have happened.
  case timeout(milliseconds: UInt64)
  /// More callers wait for a connection than `PostgresConfiguration.waitersMax` allows.
  case overloaded(waitersMax: Int)
  /// The server refused the statement.
  case server(PostgresServerError)
  /// The pool was closed, or a session was used after its scope.
  case closed
  /// A value cannot be sent, e.g. text with a NUL; nothing was sent.
  case invalidParameter(String)
  /// The URL or a limit makes no sense.
  case invalidConfiguration(String)
  /// A column does not hold what the caller asked for.
  case decoding(String)
  /// COMMIT found that a statement of the transaction had failed, so all of it was rolled back.
  case rolledBack
  /// The schema in the database and the migrations of this program do not fit together.
  case migration(String)

  /// True where the database is away or overloaded, so that the same may work later: an honest 503.
  public var isUnavailable: Bool {
    switch self {
    case .unavailable, .timeout, .overloaded, .closed: true
    case .server(let error): error.isTransient
    case .invalidParameter, .invalidConfiguration, .decoding, .rolledBack, .migration: false
    }
  }

  /// The five characters of the server's error code; nil where it was not the server that refused.
  public var sqlState: String? {
    if case .server(let error) = self { error.sqlState } else { nil }
  }

  /// 23505. `constraint` narrows it down to one.
  public func isUniqueViolation(of constraint: String? = nil) -> Bool {
    guard case .server(let error) = self, error.sqlState == "23505" else { return false }
    return constraint == nil || error.constraint == constraint
  }

  public var description: String {
    switch self {
    case .unavailable(let reason): "PostgreSQL is unavailable: \(reason)"
    case .timeout(let milliseconds): "PostgreSQL did not answer within \(milliseconds) ms"
    case .overloaded(let waitersMax): "more than \(waitersMax) callers wait for a PostgreSQL connection"
    case .server(let error): "PostgreSQL: \(error.description)"
    case .closed: "the PostgreSQL pool or session is closed"
    case .invalidParameter(let reason): "invalid SQL parameter: \(reason)"
    case .invalidConfiguration(let reason): "invalid PostgreSQL configuration: \(reason)"
    case .decoding(let reason): "unexpected column: \(reason)"
    case .rolledBack: "the transaction was rolled back because a statement in it had failed"
    case .migration(let reason): "migration: \(reason)"
    }
  }
}

/// An error message of the server, by its fields (PostgreSQL manual, "Error and Notice Message Fields").
public struct PostgresServerError: Error, Sendable, Equatable, CustomStringConvertible {
  /// E.g. `23505` for a unique violation (PostgreSQL manual, appendix A).
  public var sqlState: String
  /// ERROR, FATAL or PANIC.
  public var severity: String
  public var message: String
  public var detail: String?
  public var table: String?
  public var constraint: String?

  public init(sqlState: String, severity: String, message: String, detail: String? = nil, table: String? = nil, constraint: String? = nil) {
    self.sqlState = sqlState
    self.severity = severity
    self.message = message
    self.detail = detail
    self.table = table
    self.constraint = constraint
  }

  /// Not the statement's fault: connection trouble (08), resources such as a full disk (53), a server that starts, stops or is
  /// a standby (57P, 25006), failing hardware (58).
  public var isTransient: Bool {
    let kind = sqlState.prefix(2)
    return kind == "08" || kind == "53" || kind == "58" || sqlState.hasPrefix("57P") || sqlState == "25006"
  }

  /// Lost against another transaction: the same transaction may succeed when repeated from its start.
  public var isSerializationFailure: Bool { sqlState == "40001" || sqlState == "40P01" }

  /// Without `detail`, which repeats values of rows: descriptions go to logs, and names of files do not.
  public var description: String { "\(severity) \(sqlState): \(message)" }
}

/// Why a Redis command did not give its answer. The text is for logs; it never holds a password or a value.
public enum RedisError: Error, Sendable, Equatable, CustomStringConvertible {
  /// No connection to the server, or it went away before the reply came: the command may or may not have run.
  case unavailable(String)
  /// No reply within this many milliseconds: the command may or may not have run.
  case timeout(milliseconds: UInt64)
  /// More commands wait than `RedisConfiguration.commandsMax` allows.
  case overloaded(commandsMax: Int)
  /// The server answered with an error, e.g. `WRONGTYPE Operation against a key…`.
  case server(RedisServerError)
  /// The client was closed.
  case closed
  /// The command cannot be sent on this connection; nothing was sent.
  case invalidCommand(String)
  /// The URL or a limit makes no sense.
  case invalidConfiguration(String)
  /// The reply has another type than the caller asked for.
  case unexpectedReply(String)

  /// True where the server is away or overloaded, so that the same command may work later (an honest 503, or no cache).
  public var isUnavailable: Bool {
    switch self {
    case .unavailable, .timeout, .overloaded, .closed: true
    case .server(let error): error.isTransient
    case .invalidCommand, .invalidConfiguration, .unexpectedReply: false
    }
  }

  public var description: String {
    switch self {
    case .unavailable(let reason): "Redis is unavailable: \(reason)"
    case .timeout(let milliseconds): "Redis did not answer within \(milliseconds) ms"
    case .overloaded(let commandsMax): "more than \(commandsMax) Redis commands are waiting"
    case .server(let error): "Redis refused the command: \(error.message)"
    case .closed: "the Redis client is closed"
    case .invalidCommand(let reason): "invalid Redis command: \(reason)"
    case .invalidConfiguration(let reason): "invalid Redis configuration: \(reason)"
    case .unexpectedReply(let reason): "unexpected Redis reply: \(reason)"
    }
  }
}

/// An error reply of the server.
public struct RedisServerError: Error, Sendable, Equatable {
  /// The whole text, e.g. `NOAUTH Authentication required.`
  public let message: String

  public init(message: String) { self.message = message }

  /// The leading word, e.g. `NOAUTH`; `ERR` for most.
  public var code: Substring { message.prefix { $0 != " " } }

  /// The server is up but cannot do this now: loading its data, out of memory, without a master.
  public var isTransient: Bool {
    switch code {
    case "LOADING", "BUSY", "OOM", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "READONLY", "MISCONF", "NOREPLICAS": true
    default: message.hasPrefix("ERR max number of clients")
    }
  }
}

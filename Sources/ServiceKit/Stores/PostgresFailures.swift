import Contracts
import Logging
import Postgres
import RPC

extension RPCError {
  /// What a client is told when PostgreSQL fails: UNAVAILABLE where trying again helps, INTERNAL with the detail in the log otherwise.
  public init(_ error: PostgresError, log: Logger) {
    if error.isUnavailable {
      self = .problem(.unavailable, reason: "DATABASE_UNAVAILABLE", message: "the database does not answer just now", retryAfterSeconds: 5)
    } else {
      log.error("the database refused a statement", metadata: ["error": "\(error)"])
      self = .problem(.internalError, reason: "INTERNAL", message: "the service failed")
    }
  }
}

extension ReadinessCheck {
  /// PostgreSQL answers.
  public static func postgres(_ pool: PostgresPool) -> ReadinessCheck {
    ReadinessCheck("postgres") {
      do {
        try await pool.query("SELECT 1")
        return nil
      } catch {
        return "\(error)"
      }
    }
  }
}

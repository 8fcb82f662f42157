import Contracts
import Logging
import ObjectStore
import Postgres
import RPC
import Redis

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

  /// Redis is connected. Nothing is lost without it.
  public static func redis(_ client: RedisClient) -> ReadinessCheck {
    ReadinessCheck("redis", required: false) {
      do {
        try await client.ping()
        return nil
      } catch {
        return "\(error)"
      }
    }
  }

  /// The object store takes and gives.
  public static func store(_ store: any ObjectStore) -> ReadinessCheck {
    ReadinessCheck("object store") {
      do {
        try await store.check()
        return nil
      } catch {
        return "\(error)"
      }
    }
  }
}

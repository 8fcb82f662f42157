import EventLoops
import Glibc
import Postgres
import RPC
import Redis

/// Which errors at the start go away by themselves.
enum StartupErrors {
  static func isPassing(_ error: any Error) -> Bool {
    switch error {
    case is TimeoutError: true
    case let error as SystemError: error.code != EADDRINUSE && error.code != EACCES
    case let error as RPCError: error.code == .unavailable || error.code == .deadlineExceeded
    case let error as PostgresError: error.isUnavailable
    case is RedisError: true
    default: false
    }
  }
}

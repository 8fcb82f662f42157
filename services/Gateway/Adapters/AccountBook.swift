import Accounts
import Contracts
import Logging
import Model
import Postgres
import RPC

/// API keys behind the accounts' own directory. Loop thread only.
final class AccountBook: CallerBook, @unchecked Sendable {
  private let directory: AccountDirectory
  private let log: Logger

  init(directory: AccountDirectory, log: Logger) {
    self.directory = directory
    self.log = log
  }

  func caller(key: String) async throws -> Caller? {
    do {
      return try await directory.account(key: key).map { Caller(account: $0.id, requestsPerSecondMax: $0.requestsPerSecondMax) }
    } catch let error as PostgresError {
      log.warning("cannot look an API key up", metadata: ["error": "\(error)"])
      throw RPCError.problem(
        .unavailable, reason: "UNAVAILABLE", message: "API keys cannot be checked for a moment.", retryAfterSeconds: 2)
    }
  }

  func note(user: UserID, of account: AccountID) async {
    do {
      try await directory.noteUser(user, of: account)
    } catch {
      log.debug("cannot note a user", metadata: ["error": "\(error)"])
    }
  }
}

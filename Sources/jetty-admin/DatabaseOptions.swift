import Accounts
import ArgumentParser
import EventLoops
import Foundation
import Logging
import Postgres

/// Where the accounts are.
struct DatabaseOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "postgresql://user:password@host:port/database. (default: $JETTY_POSTGRES_URL or the file $JETTY_POSTGRES_URL_FILE, which keep the "
        + "password out of process lists)"))
  var postgresURL: String?

  /// What was given, as the services take it: both variables at once are a mistake.
  private func url() throws -> String {
    if let postgresURL { return postgresURL }
    // Empty is not set.
    let environment = ProcessInfo.processInfo.environment.filter { !$0.value.isEmpty }
    switch (environment["JETTY_POSTGRES_URL"], environment["JETTY_POSTGRES_URL_FILE"]) {
    case (let url?, nil): return url
    case (nil, let path?):
      guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
        throw ValidationError("JETTY_POSTGRES_URL_FILE: cannot read \(path)")
      }
      return text.trimmingCharacters(in: .whitespacesAndNewlines)
    case (nil, nil): throw ValidationError("give --postgres-url, or set JETTY_POSTGRES_URL or JETTY_POSTGRES_URL_FILE")
    default: throw ValidationError("JETTY_POSTGRES_URL and JETTY_POSTGRES_URL_FILE are both set: which?")
    }
  }

  /// Runs `body` with the store, its tables being up to date, and waits for it.
  func withStore<Result: Sendable>(_ body: @escaping @Sendable (AccountStore) async throws -> Result) throws -> Result {
    let url = try url()
    var configuration: PostgresConfiguration
    do {
      configuration = try PostgresConfiguration(url: url)
    } catch {
      throw ValidationError("the database URL cannot be used: \(error)")
    }
    configuration.schema = AccountStore.schema
    configuration.connectionsMax = 1
    let settings = configuration
    let loop = try EventLoop(name: "admin")
    try loop.start()
    defer { loop.stop() }
    let outcome = Outcome<Result>()
    let done = DispatchSemaphore(value: 0)
    loop.spawn {
      let silent = Logger(label: "jetty-admin") { _ in SwiftLogNoOpLogHandler() }
      let pool = PostgresPool(loop: loop, configuration: settings, logger: silent)
      do {
        let store = AccountStore(pool: pool)
        try await store.migrate(logger: silent)
        outcome.set(.success(try await body(store)))
      } catch {
        outcome.set(.failure(error))
      }
      pool.close()
      done.signal()
    }
    done.wait()
    do {
      return try outcome.get()
    } catch let error as PostgresError {
      throw Failure(text: error.isUniqueViolation() ? "that id is taken" : error.sqlState == "23503" ? "there is no such account" : "\(error)")
    }
  }
}

/// One sentence on standard error and exit status 1.
struct Failure: Error, CustomStringConvertible {
  let text: String
  var description: String { text }
}

/// Carries a result from the loop's thread; the semaphore orders its two uses.
private final class Outcome<Value>: @unchecked Sendable {
  private var result: Result<Value, any Error>?
  func set(_ result: Result<Value, any Error>) { self.result = result }
  func get() throws -> Value {
    guard let result else { throw Failure(text: "no answer") }
    return try result.get()
  }
}

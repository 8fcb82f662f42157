import Accounts
import ArgumentParser
import EventLoops
import Foundation
import Model
import Postgres

/// Administration of accounts, straight in the database: for operators, who have its URL.
@main
struct JettyAdmin: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "jetty-admin", abstract: "Make accounts and API keys.", subcommands: [AccountCommand.self, KeyCommand.self])

  /// As the library's own, but for how it ends.
  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
      endProcess(0)
    } catch {
      let code = exitCode(for: error)
      let text = fullMessage(for: error)
      if !text.isEmpty { (code.isSuccess ? FileHandle.standardOutput : .standardError).write(Data((text + "\n").utf8)) }
      endProcess(code.rawValue)
    }
  }
}

struct AccountCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "account", abstract: "Make and list accounts.", subcommands: [CreateAccount.self, ListAccounts.self])
}

struct KeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key", abstract: "Make and revoke API keys.", subcommands: [CreateKey.self, RevokeKey.self])
}

struct CreateAccount: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make an account with one API key, and print the key. It cannot be shown again.")

  @OptionGroup var database: DatabaseOptions
  @Option(help: "What people call it.") var name: String
  @Option(help: "Its id, 1 to 64 characters of A-Z, a-z, 0-9, _ and -. (default: a random one)") var id: AccountID?
  @Option(help: "Requests per second that its keys may make together at one gateway.")
  var requestsPerSecond: UInt32 = AccountStore.requestsPerSecondDefault
  @Flag(name: .shortAndLong, help: "Print nothing but the key.") var quiet = false

  func validate() throws {
    guard !name.isEmpty, name.utf8.count <= AccountStore.nameBytesMax, name.utf8.allSatisfy({ $0 >= 32 && $0 != 127 }) else {
      throw ValidationError("--name must be 1 to \(AccountStore.nameBytesMax) bytes without control characters")
    }
    guard (1...1_000_000).contains(requestsPerSecond) else { throw ValidationError("--requests-per-second must be 1 to 1000000") }
  }

  func run() throws {
    let (account, key) = try database.withStore { store in
      let account = try await store.createAccount(name: name, id: id, requestsPerSecondMax: requestsPerSecond)
      return (account, try await store.createKey(for: account.id))
    }
    if !quiet { note("Account \(account.id) (\(account.name)). Its key, which cannot be shown again:") }
    print(key.text)
  }
}

struct ListAccounts: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "list", abstract: "List accounts and the beginnings of their keys.")
  @OptionGroup var database: DatabaseOptions

  func run() throws {
    for (account, hints) in try database.withStore({ try await $0.list() }) {
      print("\(account.id)\t\(account.requestsPerSecondMax)/s\t\(hints.joined(separator: " "))\t\(account.name)")
    }
  }
}

struct CreateKey: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make a further API key for an account, and print it. It cannot be shown again.")
  @OptionGroup var database: DatabaseOptions
  @Option(help: "The account's id.") var account: AccountID

  func run() throws { print(try database.withStore { try await $0.createKey(for: account).text }) }
}

struct RevokeKey: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Take an API key out of use. Gateways notice within half a minute.")
  @OptionGroup var database: DatabaseOptions
  @Option(help: "The account's id.") var account: AccountID
  @Option(help: "The beginning of the key as `account list` shows it.") var hint: String

  func run() throws {
    // The list ends each with an ellipsis, which nobody can type.
    let shown = hint.hasSuffix("…") ? hint : hint + "…"
    let count = try database.withStore { try await $0.revokeKeys(of: account, hint: shown) }
    guard count > 0 else { throw ValidationError("account \(account) has no key \(hint) in use") }
    note("revoked")
  }
}

extension AccountID: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

/// Beside the result, which alone goes to standard output.
func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

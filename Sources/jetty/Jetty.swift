import ArgumentParser
import EventLoops
import Foundation

/// The command line: sends files, goes on with interrupted ones, and shows what is going on.
@main
struct Jetty: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "jetty",
    abstract: "Send files over several edges at once.",
    discussion: """
      Where to and as whom is taken from the environment, or from flags:
        JETTY_URL       base URL of the service, e.g. http://127.0.0.1:3000
        JETTY_API_KEY   API key of the account
        JETTY_USER      end user of the account (default: the name you are logged in with)
        JETTY_CA_FILE   authorities to trust, a PEM file (default: the system's)
        JETTY_LOCATION  where this machine stands, as LATITUDE,LONGITUDE (default: left to the service)

      Exit status: 0 done, 1 failed, 2 wrong usage, 3 not authorized, 4 not found, 5 the file was changed,
      6 the service or the network is not available, 128 + N stopped by signal N (130 for Ctrl-C).
      """,
    version: "0.1.0",
    subcommands: [UploadCommand.self, ResumeCommand.self, StatusCommand.self, EdgesCommand.self])

  /// As the library's own, but with the exit status that shells expect of wrong usage.
  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
      endProcess(0)
    } catch let status as ExitStatus {
      endProcess(status.rawValue)
    } catch {
      let code = exitCode(for: error)
      let text = fullMessage(for: error)
      if !text.isEmpty { (code.isSuccess ? FileHandle.standardOutput : .standardError).write(Data((text + "\n").utf8)) }
      endProcess(code.isSuccess ? 0 : code == .validationFailure ? ExitStatus.usage.rawValue : ExitStatus.failed.rawValue)
    }
  }
}

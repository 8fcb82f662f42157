import EventLoops
import Foundation
import Logging

/// The `main` of every service: configuration, loops, servers, admin port, and a clean end on SIGTERM or SIGINT.
public enum ServiceProcess {
  /// Does not return. Exit status: 0 after a clean stop, 1 for a failure, 2 for a configuration that cannot be used.
  public static func main(_ definition: ServiceDefinition) -> Never {
    // Blocked before any thread is made, so that only the wait below takes them.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTERM)
    sigaddset(&signals, SIGINT)
    pthread_sigmask(SIG_BLOCK, &signals, nil)

    let keys = SettingKey.common + definition.settings
    if CommandLine.arguments.contains("--reference") {
      // lint:allow print - the answer to --reference, not a log
      print(SettingsHelp.reference(keys).joined(separator: "\n"))
      endProcess(0)
    }
    if CommandLine.arguments.dropFirst().contains(where: { $0 == "--help" || $0 == "-h" }) {
      // lint:allow print - the answer to --help, not a log
      print(SettingsHelp.text(program: "jetty-\(definition.name)", summary: definition.summary, keys: keys), terminator: "")
      endProcess(0)
    }
    do {
      let process = try RunningProcess(definition: definition, settings: Settings(program: definition.name, keys: keys))
      if CommandLine.arguments.contains("--check-config") {
        // lint:allow print - the answer to --check-config, not a log
        print("jetty-\(definition.name): the configuration can be used")
        endProcess(0)
      }
      Task.detached { await process.start() }
      var received: Int32 = 0
      sigwait(&signals, &received)
      process.log.notice("stopping", metadata: ["signal": "\(received)"])
      // A second signal does not wait.
      pthread_sigmask(SIG_UNBLOCK, &signals, nil)
      blocking { await process.stop() }
      endProcess(0)
    } catch {
      FileHandle.standardError.write(Data("jetty-\(definition.name): \(error)\n".utf8))
      endProcess(error is SettingsError ? 2 : 1)
    }
  }

  /// Runs `body` on Swift's pool and blocks this thread, which is none of the pool's, until it is done.
  private static func blocking<T: Sendable>(_ body: @escaping @Sendable () async -> T) -> T {
    let done = DispatchSemaphore(value: 0)
    let box = ResultBox<T>()
    Task.detached {
      box.value = await body()
      done.signal()
    }
    done.wait()
    guard let value = box.value else { preconditionFailure("the task signalled without a result") }
    return value
  }

  private final class ResultBox<T>: @unchecked Sendable {
    var value: T?
  }
}

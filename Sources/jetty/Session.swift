import EventLoops
import Foundation
import HTTPClient
import UploadClient

/// One loop with a client to the service, for the length of one command.
struct Session: Sendable {
  let loop: EventLoop
  let http: HTTPClient
  let baseURL: String
  let apiKey: String

  var gateway: GatewayClient { GatewayClient(http: http, baseURL: baseURL, apiKey: apiKey) }

  /// Runs `body` on a loop of its own and waits for it here, on the main thread, which also takes the signals: the first one
  /// cancels `body`, a second one ends the process.
  static func run(_ options: ConnectionOptions, _ body: @escaping @Sendable (Session) async throws -> Void) throws {
    let (baseURL, apiKey, authorityFile) = (try options.baseURL(), try options.key(), try options.authorityFile())
    // Blocked before any thread is made, so that only the wait below takes them.
    var signals = sigset_t()
    sigemptyset(&signals)
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGUSR1] { sigaddset(&signals, signal) }
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    signal(SIGPIPE, SIG_IGN)

    let loop = try EventLoop(name: "jetty")
    try loop.start()
    let ending = Ending()
    let main = pthread_self()
    let task = loop.spawn {
      var configuration = HTTPClientConfiguration()
      configuration.connectionsMax = 64
      // An edge may take this long to bring a whole chunk to a slow store.
      configuration.stallTimeoutMilliseconds = 120_000
      configuration.certificateAuthorityFile = authorityFile
      let http = HTTPClient(loop: loop, configuration: configuration)
      do {
        try await body(Session(loop: loop, http: http, baseURL: baseURL, apiKey: apiKey))
        ending.set(.success(()))
      } catch {
        ending.set(.failure(error))
      }
      http.close()
      pthread_kill(main, SIGUSR1)
    }
    var stoppedBy: Int32?
    while true {
      var signal: Int32 = 0
      guard sigwait(&signals, &signal) == 0 else { continue }
      if signal == SIGUSR1 { break }
      if stoppedBy != nil { endProcess(ExitStatus.stopped(signal: signal).rawValue) }
      stoppedBy = signal
      task.cancel()
    }
    loop.stop()
    do {
      try ending.get()
    } catch is CancellationError {
      throw ExitStatus.stopped(signal: stoppedBy ?? SIGINT)
    } catch let failure as UploadFailure {
      Console.error(failure.message)
      throw ExitStatus(failure.kind)
    }
  }

  /// Carries the result over from the loop's thread; the signal orders its two uses.
  private final class Ending: @unchecked Sendable {
    private var result: Result<Void, any Error>?
    func set(_ result: Result<Void, any Error>) { self.result = result }
    func get() throws {
      guard let result else { throw ExitStatus.failed }
      try result.get()
    }
  }
}

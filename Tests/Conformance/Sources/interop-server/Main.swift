import EventLoops
import Glibc
import InteropKit
import RPC

@main
struct Main {
  static func main() {
    // Before any thread is made, so that all of them leave these to `sigwait`.
    var ends = sigset_t()
    sigemptyset(&ends)
    sigaddset(&ends, SIGTERM)
    sigaddset(&ends, SIGINT)
    pthread_sigmask(SIG_BLOCK, &ends, nil)
    do {
      let options = try ServerOptions(Array(CommandLine.arguments.dropFirst()))
      let loop = try EventLoop(name: "interop")
      try loop.start()
      let servers = Servers(loop)
      _ = loop.spawn {
        do { try servers.start(options) } catch { fail("error: \(error)", status: 1) }
      }
      var signal: Int32 = 0
      sigwait(&ends, &signal)
      // A second one does not wait for what runs.
      pthread_sigmask(SIG_UNBLOCK, &ends, nil)
      _ = loop.spawn {
        await servers.stop()
        endProcess(0)
      }
      while true { pause() }
    } catch let mistake as UsageError {
      fail("error: \(mistake)\n\n\(ServerOptions.usage)", status: 64)
    } catch {
      fail("error: \(error)", status: 1)
    }
  }

  private static func fail(_ text: String, status: Int32) -> Never {
    print(text)
    fflush(nil)
    endProcess(status)
  }
}

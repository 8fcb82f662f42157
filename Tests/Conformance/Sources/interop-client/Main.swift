import EventLoops
import Glibc
import InteropKit
import RPC

@main
struct Main {
  static func main() async {
    do {
      let failures = try await run(try ClientOptions(Array(CommandLine.arguments.dropFirst())))
      endProcess(failures == 0 ? 0 : 1)
    } catch let mistake as UsageError {
      print("error: \(mistake)\n\n\(ClientOptions.usage)")
      endProcess(64)
    } catch {
      print("error: \(error)")
      endProcess(1)
    }
  }

  /// One line for each case; returns how many failed.
  private static func run(_ options: ClientOptions) async throws -> Int {
    let loop = try EventLoop(name: "interop")
    try loop.start()
    defer { loop.stop() }
    return try await loop.run {
      let channel = RPCChannel(target: options.target, loop: loop, configuration: options.channel)
      defer { channel.close() }
      let cases = InteropCases(channel: channel)
      var failures = 0
      for name in options.testCases {
        do {
          let remark = try await cases.run(name)
          print("passed \(name)\(remark.map { ": \($0)" } ?? "")")
        } catch {
          failures += 1
          print("FAILED \(name): \(error)")
        }
        fflush(nil)
      }
      return failures
    }
  }
}

import BenchSupport
import EventLoops
import Glibc
import RPC

@main
struct Main {
  static func main() {
    do {
      try measure(try ClientOptions(Array(CommandLine.arguments.dropFirst())))
    } catch let mistake as ClientOptions.Mistake {
      print("error: \(mistake)\n\n\(ClientOptions.usage)")
      endProcess(64)
    } catch {
      print("error: \(error)")
      endProcess(1)
    }
    endProcess(0)
  }

  private static func measure(_ options: ClientOptions) throws {
    let loop = try EventLoop(name: "bench")
    try loop.start()
    let load = try loop.runBlocking { try Load(loop: loop, port: options.port) }
    // Connects, and warms up.
    _ = try loop.runBlocking { try await load.run(calls: options.warmUp, depth: options.depth) }
    let cpuBefore = nanoseconds(CLOCK_PROCESS_CPUTIME_ID)
    let before = nanoseconds(CLOCK_MONOTONIC)
    let latencies = try loop.runBlocking { try await load.run(calls: options.calls, depth: options.depth) }
    let wall = nanoseconds(CLOCK_MONOTONIC) - before
    let cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - cpuBefore
    loop.execute { load.close() }
    let percentiles = Percentiles(latencies)
    let fields: [(String, Double)] = [
      ("calls", Double(latencies.count)), ("seconds", Double(wall) / 1e9), ("cpu_us", Double(cpu) / 1_000 / Double(latencies.count)),
      ("p50_us", percentiles.microseconds(0.5)), ("p99_us", percentiles.microseconds(0.99)),
    ]
    print("{" + fields.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}")
  }

  private static func nanoseconds(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}

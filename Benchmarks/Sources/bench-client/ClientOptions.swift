/// What the command line says.
struct ClientOptions {
  struct Mistake: Error, CustomStringConvertible {
    let description: String
  }

  static let usage = """
    usage: bench-client --port N [--depth N] [--warm-up N] --calls N

    Makes unary calls (RecordChunk of Benchmarks/proto/bench.proto) to 127.0.0.1 over one connection, so many at a time (default 1), checks
    every answer, and prints one line of JSON: calls, seconds, cpu_us per call, latencies in microseconds. As many calls as --warm-up says
    (default 2000) come before that and do not count.
    """

  var port: UInt16 = 0
  var calls = 0
  var depth = 1
  var warmUp = 2_000

  init(_ arguments: [String]) throws(Mistake) {
    var rest = arguments[...]
    while let name = rest.popFirst() {
      guard let text = rest.popFirst(), let value = Int(text), value > 0 else { throw Mistake(description: "\(name) needs a number above 0") }
      switch name {
      case "--port":
        guard let number = UInt16(exactly: value) else { throw Mistake(description: "--port must be at most 65535") }
        port = number
      case "--calls": calls = value
      case "--depth": depth = value
      case "--warm-up": warmUp = value
      default: throw Mistake(description: "there is no option \(name)")
      }
    }
    guard port > 0, calls > 0 else { throw Mistake(description: "--port and --calls are needed") }
    guard depth <= 200 else { throw Mistake(description: "--depth must be at most 200, so that one connection takes all calls") }
  }
}

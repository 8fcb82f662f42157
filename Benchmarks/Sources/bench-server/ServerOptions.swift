/// What the command line says.
struct ServerOptions {
  struct Mistake: Error, CustomStringConvertible {
    let description: String
  }

  static let usage = """
    usage: bench-server --port N [--loops N] [--certificate FILE --key FILE] [--redis URL] [--postgres URL]

    Serves Benchmarks/proto/bench.proto on 127.0.0.1, without TLS unless there is a certificate. SIGTERM ends it, and it says how
    many connections each loop has had.
    """

  var port: UInt16 = 0
  var loops = 1
  var certificate: String?
  var key: String?
  var redis: String?
  var postgres: String?

  init(_ arguments: [String]) throws(Mistake) {
    var rest = arguments[...]
    while let name = rest.popFirst() {
      guard let value = rest.popFirst() else { throw Mistake(description: "\(name) needs a value") }
      switch name {
      case "--port":
        guard let number = UInt16(value), number > 0 else { throw Mistake(description: "--port must be from 1 to 65535") }
        port = number
      case "--loops":
        guard let number = Int(value), (1...64).contains(number) else { throw Mistake(description: "--loops must be from 1 to 64") }
        loops = number
      case "--certificate": certificate = value
      case "--key": key = value
      case "--redis": redis = value
      case "--postgres": postgres = value
      default: throw Mistake(description: "there is no option \(name)")
      }
    }
    guard port > 0 else { throw Mistake(description: "--port is missing") }
    guard (certificate == nil) == (key == nil) else { throw Mistake(description: "--certificate and --key belong together") }
  }
}

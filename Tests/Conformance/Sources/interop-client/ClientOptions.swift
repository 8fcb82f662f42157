import InteropKit
import RPC
import TLS

/// What the command line says.
struct ClientOptions {
  let target: RPCTarget
  let testCases: [String]
  let channel: RPCChannelConfiguration

  static let usage = """
    usage: interop-client --server_port P --test_case NAME[,NAME...] [--server_host H] [--use_tls]
                          [--use_test_ca | --ca_file FILE] [--server_host_override NAME]

    Runs gRPC's interoperability cases against a server, in order, over one channel. Ends with 1 if one of them failed.
    With --use_tls, the server's certificate must be signed by the authority of the tests (--use_test_ca) or by one in FILE;
    --server_host_override is the name in it.

    Cases: \(InteropCases.names.joined(separator: " "))
    """

  init(_ arguments: [String]) throws {
    let flags = try Flags(
      arguments, texts: ["server_host", "server_port", "test_case", "ca_file", "tls_ca_file", "server_host_override"],
      switches: ["use_tls", "use_test_ca"])
    guard let port = try flags.port("server_port"), port > 0 else { throw UsageError("--server_port is missing") }
    guard let cases = flags["test_case"] else { throw UsageError("--test_case is missing") }
    testCases = cases.split(separator: ",").map(String.init)
    if let unknown = testCases.first(where: { !InteropCases.names.contains($0) }) { throw UsageError("unknown test case \"\(unknown)\"") }
    let host = flags["server_host"] ?? "127.0.0.1"
    target = try RPCTarget(host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)")

    var channel = RPCChannelConfiguration()
    // No case may hang; the slowest waits for one second.
    channel.defaultTimeoutMilliseconds = 30_000
    if let name = flags["server_host_override"], !name.isEmpty {
      channel.serverName = name
      channel.authority = "\(name):\(port)"
    }
    if flags.isOn("use_tls") {
      let ofTheTests = flags.isOn("use_test_ca") ? try TestCertificates.path(TestCertificates.authority) : nil
      let authority = flags["ca_file"] ?? flags["tls_ca_file"] ?? ofTheTests
      channel.tls = try TLSContext.client(caFile: authority, alpn: ["h2"])
    }
    self.channel = channel
  }
}

import EventLoops
import InteropKit
import TLS

/// What the command line says.
struct ServerOptions {
  /// 0: the kernel chooses; the program says which.
  let port: UInt16
  let host: String
  let tls: TLSContext?
  /// Where an HTTP server of the same process listens: the door of the gateway in small, and `/stats`. Nil: nowhere.
  let httpPort: UInt16?

  static let usage = """
    usage: interop-server --port N [--tls | --use_tls] [--tls_cert_file FILE --tls_key_file FILE] [--host IP]
                          [--http_port N]

    Serves grpc.testing.TestService over plain HTTP/2 or TLS, for this machine only unless --host says otherwise (0.0.0.0).
    Without files, TLS uses the certificate of the tests.
    With --http_port an HTTP server answers too: every path but /stats, which counts streams and connections as JSON.
    """

  init(_ arguments: [String]) throws {
    let flags = try Flags(
      arguments, texts: ["port", "host", "tls_cert_file", "tls_key_file", "http_port"], switches: ["tls", "use_tls"])
    guard let port = try flags.port("port") else { throw UsageError("--port is missing") }
    self.port = port
    host = flags["host"] ?? "127.0.0.1"
    guard SocketAddress(ip: host, port: port) != nil else { throw UsageError("--host is an IP address, not \"\(host)\"") }
    httpPort = try flags.port("http_port")
    guard flags.isOn("tls") || flags.isOn("use_tls") || flags["tls_cert_file"] != nil else {
      tls = nil
      return
    }
    let certificate = try flags["tls_cert_file"] ?? TestCertificates.path(TestCertificates.server)
    let key = try flags["tls_key_file"] ?? TestCertificates.path(TestCertificates.serverKey)
    tls = try TLSContext.server(identity: .init(certificateFile: certificate, keyFile: key), alpn: ["h2"])
  }
}

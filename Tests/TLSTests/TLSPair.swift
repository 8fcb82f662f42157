import Foundation

@testable import TLS

func socketPair() throws -> (Int32, Int32) {
  var pair: [Int32] = [0, 0]
  guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &pair) == 0 else { throw POSIXError(.EMFILE) }
  return (pair[0], pair[1])
}

func connect(_ server: TLSContext, _ client: TLSContext, name: String) throws -> Link {
  let (a, b) = try socketPair()
  return Link(
    server: try Transport(tls: server, descriptor: a, role: .server),
    client: try Transport(tls: client, descriptor: b, role: .client(serverName: name)))
}

/// Sends `text`, turn by turn; nil where the connection breaks instead.
func exchange(_ text: String, from sender: inout Transport, to receiver: inout Transport) -> String? {
  let bytes = Array(text.utf8)
  var isSent = false
  var received: [UInt8] = []
  for _ in 0..<50 where received.count < bytes.count {
    var buffer = [UInt8](repeating: 0, count: 256)
    if isSent {
      if case .failed = sender.read(into: &buffer, count: buffer.count) { return nil }
    } else {
      switch sender.write(from: bytes, count: bytes.count) {
      case .bytes: isSent = true
      case .failed, .closed: return nil
      case .wouldBlock: break
      }
    }
    switch receiver.read(into: &buffer, count: buffer.count) {
    case .bytes(let count): received += buffer.prefix(count)
    case .failed, .closed: return nil
    case .wouldBlock: break
    }
  }
  return String(decoding: received, as: UTF8.self)
}

/// Both ends of one connection.
struct Link: ~Copyable {
  var server: Transport
  var client: Transport
}

/// A throw-away certificate authority with a server ("localhost") and a client ("finalize") certificate.
final class TestPKI: Sendable {
  let directory: String
  var caFile: String { "\(directory)/ca.pem" }
  var server: TLSContext.Identity { .init(certificateFile: "\(directory)/localhost.pem", keyFile: "\(directory)/localhost.key") }
  var client: TLSContext.Identity { .init(certificateFile: "\(directory)/finalize.pem", keyFile: "\(directory)/finalize.key") }

  /// A further certificate.
  /// - Parameter days: its time from now on; -1 for one that expired yesterday.
  func identity(_ name: String, days: Int, alternativeNames: String = "DNS:localhost") throws -> TLSContext.Identity {
    try openssl(
      "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=\(name) -addext subjectAltName=\(alternativeNames)"
        + " -keyout \(name).key -out \(name).csr")
    // Not -CAcreateserial: tests make certificates at the same time, and would share its file.
    let serial = UInt32.random(in: 1 ... .max)
    try openssl(
      "x509 -req -in \(name).csr -CA ca.pem -CAkey ca.key -set_serial \(serial) -days \(days) -copy_extensions copy -out \(name).pem")
    return .init(certificateFile: "\(directory)/\(name).pem", keyFile: "\(directory)/\(name).key")
  }

  init() throws {
    directory = NSTemporaryDirectory() + "/jetty-pki-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem")
    for name in ["localhost", "finalize"] { _ = try identity(name, days: 2, alternativeNames: "DNS:\(name)") }
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  private func openssl(_ arguments: String) throws {
    // popen instead of Foundation's Process, whose waitUntilExit can wait for ever on a thread of Swift's pool.
    guard let pipe = popen("cd '\(directory)' && openssl \(arguments) >/dev/null 2>&1", "r") else { throw POSIXError(.ENOMEM) }
    guard pclose(pipe) == 0 else { throw POSIXError(.EINVAL) }
  }
}

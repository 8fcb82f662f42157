import Contracts
import HTTPServer
import RPC

/// One request with what the gateway knows about it.
struct GatewayRequest {
  let http: HTTPRequest
  /// Goes to every service, into the log and back to the client.
  let id: String

  init(_ http: HTTPRequest) {
    self.http = http
    let given = http.fields["jetty-request-id"] ?? http.fields["x-request-id"]
    id = given.flatMap { Self.isUsable($0) ? $0 : nil } ?? Self.random()
  }

  /// What a call to a service carries.
  func options(_ caller: Caller, timeoutMilliseconds: UInt64) -> CallOptions {
    var metadata = Metadata()
    metadata["jetty-account"] = caller.account.text
    metadata["jetty-request-id"] = id
    if let trace = http.fields["traceparent"], trace.utf8.count <= 128 { metadata["traceparent"] = trace }
    return CallOptions(timeoutMilliseconds: timeoutMilliseconds, metadata: metadata)
  }

  private static func isUsable(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
        default: false
        }
      }
  }

  private static func random() -> String {
    let text = String(UInt64.random(in: 0 ... .max), radix: 16)
    return "req_" + String(repeating: "0", count: 16 - text.count) + text
  }
}

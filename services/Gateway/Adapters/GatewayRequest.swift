import Contracts
import HTTPServer
import RPC

/// One request with what the gateway knows about it.
struct GatewayRequest {
  let http: HTTPRequest
  /// Goes to every service, into the log and back to the client (`RequestScope`).
  let id: String

  /// Within its `RequestScope`.
  init(_ http: HTTPRequest) {
    self.http = http
    id = RPCContext.current?.requestID ?? ""
  }

  /// What a call to a service carries.
  func options(_ caller: Caller, timeoutMilliseconds: UInt64) -> CallOptions {
    var metadata = Metadata()
    metadata["jetty-account"] = caller.account.text
    return CallOptions(timeoutMilliseconds: timeoutMilliseconds, metadata: metadata)
  }
}

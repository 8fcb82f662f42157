import EventLoops
import HTTPServer
import RPC

/// The HTTP server of the gateway and the edges with the plainest handlers that a test of HTTP needs: an echo, at `/slow` after half a
/// second. Loop thread only.
final class HTTPDoor: @unchecked Sendable {
  private let rpc: RPCServer
  private(set) var server: HTTPServer?

  init(rpc: RPCServer) { self.rpc = rpc }

  /// Returns the port it listens on.
  func listen(port: UInt16) throws -> UInt16 {
    let server = HTTPServer(loop: rpc.loop) { [weak self] request in await self?.answer(request) ?? .text("gone", status: 503) }
    self.server = server
    return try server.listen(.loopback(port: port)).port ?? 0
  }

  private func answer(_ request: HTTPRequest) async -> HTTPResponse {
    if request.path == "/stats" { return .json(Array(statistics.utf8)) }
    do {
      if request.path == "/slow" { try await request.loop.sleep(milliseconds: 500) }
      let body = try await request.body.collect(bytesMax: 1 << 20)
      return HTTPResponse(contentType: "application/octet-stream", body.isEmpty ? Array("hello\n".utf8) : body)
    } catch let error as HTTPBodyError {
      return .problem(error)
    } catch {
      return .problem(499, "The client went away.")
    }
  }

  /// Zero in the first three when nothing is left of what clients did. The request for this text counts in the last two.
  private var statistics: String {
    let http = server?.statistics
    return """
      {"rpcConnections": \(rpc.openConnections), "rpcStreams": \(rpc.openStreams), "rpcHandlers": \(rpc.runningCalls), \
      "rpcAccepted": \(rpc.acceptedConnections), "httpConnections": \(http?.connectionsOpen ?? 0), "httpRequests": \(http?.requestsActive ?? 0)}

      """
  }
}

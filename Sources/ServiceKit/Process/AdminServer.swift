import EventLoops
import HTTPServer

/// `/metrics`, `/healthz` (the process lives), `/readyz` (it could work right now) and `/debug/rpc` (what its RPC servers and channels do,
/// as JSON). Not for the public.
final class AdminServer: Sendable {
  private let server: HTTPServer

  init(process: RunningProcess, loop: EventLoop, address: SocketAddress) throws {
    let state = process.state
    let metrics = process.metrics
    let (rpc, readings) = (process.rpcDebug, process.readings)
    server = HTTPServer(loop: loop) { request in
      guard request.method == "GET" || request.method == "HEAD" else { return .text("method not allowed\n", status: 405) }
      switch request.path {
      case "/metrics":
        await readings.fetch(on: loop)
        return HTTPResponse(contentType: "text/plain; version=0.0.4; charset=utf-8", Array(metrics.prometheusText().utf8))
      case "/healthz":
        return .text("ok\n")
      case "/readyz":
        let (obstacles, notes) = await state.look()
        let lines = (obstacles.isEmpty ? ["ready"] : obstacles) + notes
        return .text(lines.joined(separator: "\n") + "\n", status: obstacles.isEmpty ? 200 : 503)
      case "/debug/rpc":
        guard let json = await rpc.json() else { return .text("stopping\n", status: 503) }
        return .json(json)
      default:
        return .text("not found\n", status: 404)
      }
    }
    let bound = try server.listen(address)
    process.log.info("admin port", metadata: ["address": "\(bound)"])
  }
}

import Contracts
import EventLoops
import Model
import RPC

/// Through which edges the chunks of an upload go, and with which token; asked of EdgeSelection once in a while. Loop thread only.
final class UploadRoutes: @unchecked Sendable {
  struct Route: Sendable {
    let rota: EdgeRota
    let token: String
  }

  private struct Key: Hashable {
    let account: AccountID
    let file: FileID
  }

  private let client: EdgeSelectionClient
  private let loop: EventLoop
  private let limits: GatewayLimits
  private var routes = BoundedMemory<Key, Route>(countMax: 4_096)

  init(client: EdgeSelectionClient, loop: EventLoop, limits: GatewayLimits) {
    self.client = client
    self.loop = loop
    self.limits = limits
  }

  /// - Throws: `RPCError`: NOT_FOUND where the caller has no such upload, UNAVAILABLE where no edge lives.
  func route(_ file: FileID, _ caller: Caller, _ request: GatewayRequest) async throws -> Route {
    let key = Key(account: caller.account, file: file)
    let now = loop.nowNanoseconds / 1_000_000
    if let known = routes.value(of: key, nowMilliseconds: now) { return known }
    let answer = try await client.replanEdges(
      ReplanEdgesRequest(fileId: file.text), options: request.options(caller, timeoutMilliseconds: limits.callMilliseconds))
    // An edge without an RPC address is the store itself: clients may use it, the gateway cannot.
    let edges = answer.edges.filter { !$0.rpcAddress.isEmpty }.map { EdgeRota.Edge(id: $0.id, address: $0.rpcAddress, weight: $0.weight) }
    guard !edges.isEmpty, !answer.uploadToken.isEmpty else {
      throw RPCError.problem(
        .unavailable, reason: "NO_LIVE_EDGE", message: "No edge can take this chunk for a moment. Send it again.", retryAfterSeconds: 5)
    }
    let route = Route(rota: EdgeRota(edges: edges), token: answer.uploadToken)
    routes.set(route, for: key, untilMilliseconds: now + limits.routeMilliseconds)
    return route
  }

  /// The next chunk asks afresh.
  func forget(_ file: FileID, _ caller: Caller) { routes.remove(Key(account: caller.account, file: file)) }
}

import Contracts
import Doors
import EventLoops
import HTTPServer
import JSON
import Model
import RPC

/// The generated routes: JSON in, one RPC, JSON out. A new route in the contracts needs nothing here. Loop thread only.
final class RESTDoor: @unchecked Sendable {
  /// The channel to each service, by its full name.
  private let channels: [String: RPCChannel]
  private let authentication: Authentication
  private let limits: GatewayLimits

  init(channels: [String: RPCChannel], authentication: Authentication, limits: GatewayLimits) {
    self.channels = channels
    self.authentication = authentication
    self.limits = limits
  }

  /// Nil where no route has this path.
  func answer(_ request: GatewayRequest) async throws -> HTTPResponse? {
    var allowed: [String] = []
    for route in restRoutes {
      guard let parameters = route.match(request.http.path) else { continue }
      request.http.record.route = route.template
      if route.httpMethod == request.http.method || (route.httpMethod == "GET" && request.http.method == "HEAD") {
        return try await perform(route, parameters, request)
      }
      allowed.append(route.httpMethod)
    }
    guard !allowed.isEmpty else { return nil }
    return .notAllowed(allowed.contains("GET") ? (allowed + ["HEAD"]).joined(separator: ", ") : allowed.joined(separator: ", "))
  }

  private func perform(
    _ route: RESTRoute, _ parameters: [(name: String, value: String)], _ request: GatewayRequest
  ) async throws -> HTTPResponse {
    let caller = try await authentication.caller(request)
    let body = route.hasBody ? try await readBody(request) : []
    guard let channel = channels[route.service] else {
      throw RPCError.problem(.unimplemented, reason: "UNIMPLEMENTED", message: "This gateway does not serve \(route.service).")
    }
    let json = try await route.invoke(
      channel, parameters: parameters, query: request.http.query, body: body,
      options: request.options(caller, timeoutMilliseconds: limits.callMilliseconds))
    if route.method == EdgeSelectionMethods.selectEdges { await noteUser(body, caller) }
    var response = HTTPResponse.json(json)
    response.fields.add("cache-control", "no-store")
    return response
  }

  private func readBody(_ request: GatewayRequest) async throws -> [UInt8] {
    guard IncomingChunk.isJSON(request.http.fields["content-type"]) else {
      throw RPCError.problem(
        .invalidArgument, reason: "UNSUPPORTED_MEDIA_TYPE", field: "Content-Type", message: "Content-Type must be application/json")
    }
    if let coding = request.http.fields["content-encoding"], coding.lowercased() != "identity" {
      throw RPCError.problem(
        .invalidArgument, reason: "UNSUPPORTED_MEDIA_TYPE", field: "Content-Encoding", message: "A JSON body must be sent without Content-Encoding")
    }
    return try await request.http.body.collect(bytesMax: limits.jsonBytesMax)
  }

  /// The account has this end user: known from the request that begins an upload.
  private func noteUser(_ body: [UInt8], _ caller: Caller) async {
    guard let user = (try? JSONValue(parsing: body))?["userId"]?.stringValue else { return }
    await authentication.note(user: user, of: caller)
  }
}

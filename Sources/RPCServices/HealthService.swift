import Contracts
import EventLoops
import RPC

/// Whether a service takes calls.
public enum ServingStatus: Sendable { case serving, notServing }

/// grpc.health.v1: says which services of this process take calls. One for each loop; use it on its loop.
///
/// The empty name stands for the whole process.
public final class HealthService: GRPCHealthV1.HealthService {
  private typealias Status = GRPCHealthV1.HealthCheckResponseServingStatus

  private let loop: EventLoop
  private var statuses: [String: Bool] = [:]
  private var watchers: [LoopPromise<Void>] = []
  private var isShuttingDown = false

  /// More services than this are not listed (the protocol asks for a bound).
  private static let listedServicesMax = 100

  public init(loop: EventLoop) { self.loop = loop }

  /// Sets whether `service` takes calls; a name that was not known is added. No effect after `shutDown`.
  public func setStatus(_ status: ServingStatus, for service: String) {
    precondition(loop.isCurrent, "health belongs to its loop")
    let serving = status == .serving
    guard !isShuttingDown, statuses[service] != serving else { return }
    statuses[service] = serving
    tellWatchers()
  }

  /// Every service stops serving, for good, and watchers are sent away so that they do not hold up a drain.
  public func shutDown() {
    precondition(loop.isCurrent, "health belongs to its loop")
    isShuttingDown = true
    for service in statuses.keys { statuses[service] = false }
    tellWatchers()
  }

  public func isServing(_ service: String = "") -> Bool { statuses[service] ?? false }

  private func tellWatchers() {
    let waiting = watchers
    watchers = []
    for watcher in waiting { watcher.succeed(()) }
  }

  private func status(of service: String) -> Status? {
    statuses[service].map { $0 ? .serving : .notServing }
  }

  // MARK: The protocol

  public func check(_ request: GRPCHealthV1.HealthCheckRequest, context: ServerContext) async throws -> GRPCHealthV1.HealthCheckResponse {
    guard let status = status(of: request.service) else { throw RPCError(.notFound, "this server has no service of that name") }
    return GRPCHealthV1.HealthCheckResponse(status: status)
  }

  public func list(_ request: GRPCHealthV1.HealthListRequest, context: ServerContext) async throws -> GRPCHealthV1.HealthListResponse {
    guard statuses.count <= Self.listedServicesMax else { throw RPCError(.resourceExhausted, "there are too many services to list") }
    return GRPCHealthV1.HealthListResponse(
      statuses: statuses.mapValues { GRPCHealthV1.HealthCheckResponse(status: $0 ? .serving : .notServing) })
  }

  public func watch(
    _ request: GRPCHealthV1.HealthCheckRequest, to responses: RPCWriter<GRPCHealthV1.HealthCheckResponse>, context: ServerContext
  ) async throws {
    var last: Status?
    while true {
      let now = status(of: request.service) ?? .serviceUnknown
      if now != last {
        try await responses.write(GRPCHealthV1.HealthCheckResponse(status: now))
        last = now
        continue  // It may have changed while the write waited.
      }
      if isShuttingDown { throw RPCError(.unavailable, "the server is shutting down") }
      let change = LoopPromise<Void>(loop: loop)
      watchers.append(change)
      defer { watchers.removeAll { $0 === change } }
      try await change.wait()
    }
  }
}

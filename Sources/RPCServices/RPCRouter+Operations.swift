import EventLoops
import RPC

extension RPCRouter {
  /// Adds what every server has beside its own services: health and both versions of reflection. Call it last.
  /// Each service that is there already, and the process as a whole, starts as not serving; `setStatus` on the result changes that.
  public func addOperations(loop: EventLoop) -> HealthService {
    let health = HealthService(loop: loop)
    health.setStatus(.notServing, for: "")
    for service in services { health.setStatus(.notServing, for: service.name) }
    add(health)
    ReflectionService.add(to: self)
    return health
  }
}

import EventLoops
import RPC

extension RPCRouter {
  /// Adds what every server has beside its own services: health and both versions of reflection. Call it last.
  /// Each service that is there already, and the process as a whole, starts as not serving; `set(serving:)` on the result changes that.
  public func addOperations(loop: EventLoop) -> HealthService {
    let health = HealthService(loop: loop)
    health.set("", serving: false)
    for service in services { health.set(service.name, serving: false) }
    add(health)
    add(ReflectionService(self))
    add(ReflectionServiceV1Alpha(self))
    return health
  }
}

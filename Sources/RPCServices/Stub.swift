// Stands in until the module lands; its author deletes this file.
import EventLoops
import RPC
import Contracts
public enum ServingStatus { case serving, notServing }
public final class HealthService: RPCService {
  public static var descriptor: ServiceDescriptor { ServiceDescriptor(name: "x", methods: []) }
  public func register(in router: RPCRouter) {}
  public init(loop: EventLoop) {}
  public func setStatus(_ s: ServingStatus, for name: String) {}
  public func shutDown() {}
}
public enum ReflectionService { public static func add(to: RPCRouter) {} }

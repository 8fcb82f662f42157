/// A service that can be added to a router. Generated service protocols refine it and write `register` themselves.
public protocol RPCService {
  static var descriptor: ServiceDescriptor { get }
  /// Adds a handler for each method.
  func register(in router: RPCRouter)
}

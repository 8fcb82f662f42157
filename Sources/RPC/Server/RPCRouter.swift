/// Runs around every handler of a server. Call `next` once, or throw to refuse the call.
public typealias RPCServerInterceptor = (_ context: ServerContext, _ next: () async throws -> Void) async throws -> Void

/// The methods of one server and their handlers. Fill it before the server starts; one for each loop.
public final class RPCRouter {
  @usableFromInline final class Route {
    @usableFromInline let method: MethodDescriptor
    @usableFromInline let invoke: (ServerCall) async throws -> Void
    /// Looked up at the first call.
    var statistics: RPCMethodStatistics?

    @usableFromInline init(_ method: MethodDescriptor, _ invoke: @escaping (ServerCall) async throws -> Void) {
      self.method = method
      self.invoke = invoke
    }
  }

  private var routes: [String: Route] = [:]
  private var serviceNames: Set<String> = []
  /// The services in the order in which they were added.
  public private(set) var services: [ServiceDescriptor] = []
  /// Run around every handler, the first one outermost.
  public var interceptors: [RPCServerInterceptor] = []

  public init() {}

  /// Adds every method of `service`.
  public func add(_ service: some RPCService) {
    services.append(type(of: service).descriptor)
    service.register(in: self)
  }

  @inlinable public func unary<Request: RPCMessage, Response: RPCMessage>(
    _ method: MethodDescriptor, _ handler: @escaping (Request, ServerContext) async throws -> Response
  ) {
    add(Route(method) { call in
      let request: Request = try call.takeSingleRequest()
      let response = try await handler(request, call.serverContext())
      try call.respond(with: response)
    })
  }

  @inlinable public func serverStreaming<Request: RPCMessage, Response: RPCMessage>(
    _ method: MethodDescriptor, _ handler: @escaping (Request, RPCWriter<Response>, ServerContext) async throws -> Void
  ) {
    add(Route(method) { call in
      let request: Request = try call.takeSingleRequest()
      try await handler(request, RPCWriter(call), call.serverContext())
      call.succeed()
    })
  }

  @inlinable public func clientStreaming<Request: RPCMessage, Response: RPCMessage>(
    _ method: MethodDescriptor, _ handler: @escaping (RPCReader<Request>, ServerContext) async throws -> Response
  ) {
    add(Route(method) { call in
      let response = try await handler(RPCReader(call), call.serverContext())
      try call.respond(with: response)
    })
  }

  @inlinable public func bidirectional<Request: RPCMessage, Response: RPCMessage>(
    _ method: MethodDescriptor, _ handler: @escaping (RPCReader<Request>, RPCWriter<Response>, ServerContext) async throws -> Void
  ) {
    add(Route(method) { call in
      try await handler(RPCReader(call), RPCWriter(call), call.serverContext())
      call.succeed()
    })
  }

  @usableFromInline func add(_ route: Route) {
    precondition(routes[route.method.path] == nil, "method \(route.method.path) was added twice")
    routes[route.method.path] = route
    serviceNames.insert(route.method.service)
  }

  func route(_ path: String) -> Route? { routes[path] }

  /// Whether any method of `service` is there, to tell an unknown method from an unknown service.
  func hasService(_ service: some StringProtocol) -> Bool { serviceNames.contains(String(service)) }
}

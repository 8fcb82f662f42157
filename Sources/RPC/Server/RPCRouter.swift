import Glibc

/// Runs around every handler of a server. Call `next` once, or throw to refuse the call.
public typealias RPCServerInterceptor = (_ context: ServerContext, _ next: () async throws -> Void) async throws -> Void

/// The methods of one server and their handlers. Fill it before the server starts; one for each loop.
public final class RPCRouter {
  @usableFromInline final class Route {
    @usableFromInline let method: MethodDescriptor
    @usableFromInline let invoke: (ServerCall) async throws -> Void
    /// Looked up at the first call.
    var statistics: RPCMethodStatistics?
    /// Of the method, as it comes in `:path`.
    let path: [UInt8]

    @usableFromInline init(_ method: MethodDescriptor, _ invoke: @escaping (ServerCall) async throws -> Void) {
      self.method = method
      self.invoke = invoke
      path = Array(method.path.utf8)
    }

    @inline(__always) func matches(_ other: UnsafeRawBufferPointer) -> Bool {
      path.withUnsafeBytes { own in
        guard own.count == other.count, let left = own.baseAddress, let right = other.baseAddress else { return false }
        return memcmp(left, right, own.count) == 0
      }
    }
  }

  private var routes = RouteTable()
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

  /// Adds a method that `serve` does by means of its call: for generated code, which so pays for one function and not three.
  public func serve(_ method: MethodDescriptor, _ serve: @escaping (ServerCall) async throws -> Void) { add(Route(method, serve)) }

  @inlinable public func unary<Request: RPCMessage, Response: RPCMessage>(
    _ method: MethodDescriptor, _ handler: @escaping (Request, ServerContext) async throws -> Response
  ) {
    add(Route(method) { call in
      let request = try call.takeSingleRequest(Request.self)
      let response = try await handler(request, call.serverContext())
      try call.respond(with: response)
    })
  }

  @inlinable public func serverStreaming<Request: RPCMessage, Response: RPCMessage>(
    _ method: MethodDescriptor, _ handler: @escaping (Request, RPCWriter<Response>, ServerContext) async throws -> Void
  ) {
    add(Route(method) { call in
      let request = try call.takeSingleRequest(Request.self)
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
    let isNew = route.path.withUnsafeBytes { routes.find($0) } == nil
    precondition(isNew, "method \(route.method.path) was added twice")
    routes.insert(route)
    serviceNames.insert(route.method.service)
  }

  @inline(__always) func route(_ path: UnsafeRawBufferPointer) -> Route? { routes.find(path) }

  /// Whether any method of `service` is there, to tell an unknown method from an unknown service.
  func hasService(_ service: some StringProtocol) -> Bool { serviceNames.contains(String(service)) }
}

/// The shape of a call.
public enum RPCType: Sendable, Hashable {
  case unary, clientStreaming, serverStreaming, bidirectional

  /// Exactly one request message.
  public var hasSingleRequest: Bool { self == .unary || self == .serverStreaming }
  /// Exactly one response message.
  public var hasSingleResponse: Bool { self == .unary || self == .clientStreaming }
}

/// One method of a service.
public struct MethodDescriptor: Sendable, Hashable {
  /// The full name of the service, e.g. `jetty.v1.EdgeSelection`.
  public let service: String
  /// For example `SelectEdges`.
  public let method: String
  public let type: RPCType
  /// As it stands in the `:path` header: `/jetty.v1.EdgeSelection/SelectEdges`.
  public let path: String

  public init(service: String, method: String, type: RPCType = .unary) {
    self.service = service
    self.method = method
    self.type = type
    path = "/\(service)/\(method)"
  }

  public static func == (left: Self, right: Self) -> Bool { left.path == right.path }
  public func hash(into hasher: inout Hasher) { hasher.combine(path) }
}

/// A service and its methods.
public struct ServiceDescriptor: Sendable {
  /// The full name, e.g. `jetty.v1.EdgeSelection`.
  public let name: String
  public let methods: [MethodDescriptor]

  public init(name: String, methods: [MethodDescriptor]) {
    self.name = name
    self.methods = methods
  }
}

/// Method descriptors, the protocol a service implements, and the client that calls it.
enum ServiceEmitter {
  /// `SelectEdges` of `EdgeSelection` is `EdgeSelectionMethods.selectEdges`, in its namespace.
  static func methods(_ service: ServiceModel, in file: FileModel) -> String { qualified(service.name + "Methods", file) }

  private static func qualified(_ name: String, _ file: FileModel) -> String { file.namespace.map { "\($0).\(name)" } ?? name }

  static func emit(_ service: ServiceModel, in file: FileModel, header: String) -> String {
    var text = SourceText(header: header + "import RPC\n")
    text.line()
    declare(file, into: &text) { text in
      text.documentation("The methods of `\(service.fullName)`.")
      text.block("public enum \(service.name)Methods {") { text in
        for method in service.methods {
          let arguments = "service: \"\(service.fullName)\", method: \"\(method.name)\", type: .\(method.kind)"
          text.line("public static let \(method.function) = MethodDescriptor(\(arguments))")
        }
        text.line()
        text.line("public static let descriptor = ServiceDescriptor(")
        text.list("  name: \"\(service.fullName)\", methods: [", service.methods.map(\.function), "])")
      }
      text.line()
      let about = service.documentation.isEmpty ? file.documentation : service.documentation
      if !about.isEmpty { text.documentation(about) }
      if service.methods.contains(where: { !$0.kind.hasSingleRequest }) {
        text.documentation("The messages of a request stream are not validated before the method sees them.")
      }
      text.block("public protocol \(service.name)Service: RPCService {") { text in
        for method in service.methods {
          if !method.documentation.isEmpty { text.documentation(method.documentation) }
          let result = method.kind.hasSingleResponse ? " -> \(method.response)" : ""
          text.list("func \(method.function)(", serverParameters(method), ") async throws\(result)")
        }
      }
    }
    text.line()
    emitRegister(service, in: file, into: &text)
    return text.text
  }

  private static func declare(_ file: FileModel, into text: inout SourceText, _ body: (inout SourceText) -> Void) {
    if let namespace = file.namespace { text.block("extension \(namespace) {", body) } else { body(&text) }
  }

  private static func serverParameters(_ method: MethodModel) -> [String] {
    let request = method.kind.hasSingleRequest ? "_ request: \(method.request)" : "_ requests: RPCReader<\(method.request)>"
    let responses = method.kind.hasSingleResponse ? [] : ["to responses: RPCWriter<\(method.response)>"]
    return [request] + responses + ["context: ServerContext"]
  }

  private static func emitRegister(_ service: ServiceModel, in file: FileModel, into text: inout SourceText) {
    let methods = methods(service, in: file)
    text.block("extension \(qualified(service.name + "Service", file)) {") { text in
      text.line("public static var descriptor: ServiceDescriptor { \(methods).descriptor }")
      text.line()
      text.documentation("Adds every method. A request that breaks the rules of its contract never reaches the method.")
      text.block("public func register(in router: RPCRouter) {") { text in
        for method in service.methods { emitRegistration(method, methods, into: &text) }
      }
    }
  }

  private static func emitRegistration(_ method: MethodModel, _ methods: String, into text: inout SourceText) {
    text.block("router.serve(\(methods).\(method.function)) { call in", closing: "}") { text in
      if method.kind.hasSingleRequest {
        text.line("let request = try call.takeSingleRequest(\(method.request).self)")
        text.line("try request.validate()")
      }
      let request = method.kind.hasSingleRequest ? "request" : "RPCReader(call)"
      let to = method.kind.hasSingleResponse ? "" : ", to: RPCWriter(call)"
      let result = "try await self.\(method.function)(\(request)\(to), context: call.serverContext())"
      if method.kind.hasSingleResponse {
        text.line("let response = \(result)")
        text.line("try call.respond(with: response)")
      } else {
        text.line(result)
        text.line("call.succeed()")
      }
    }
  }

  // MARK: Client

  static func emitClient(_ service: ServiceModel, in file: FileModel, header: String) -> String {
    var text = SourceText(header: header + "import RPC\n")
    text.line()
    declare(file, into: &text) { text in
      text.documentation("Calls `\(service.fullName)`. Belongs to the loop of its channel.")
      text.documentation("Every method throws `RPCError` with the status of the call.")
      text.block("public struct \(service.name)Client: Sendable {") { text in
        text.line("public let channel: RPCChannel")
        text.line()
        text.line("public init(_ channel: RPCChannel) { self.channel = channel }")
        for method in service.methods {
          text.line()
          if !method.documentation.isEmpty { text.documentation(method.documentation) }
          emitCall(method, methods(service, in: file), into: &text)
        }
      }
    }
    return text.text
  }

  private static func emitCall(_ method: MethodModel, _ methods: String, into text: inout SourceText) {
    let descriptor = "\(methods).\(method.function)"
    let options = "options: CallOptions = .init()"
    let reader = "RPCReader<\(method.response)>"
    let writer = "RPCWriter<\(method.request)>"
    switch method.kind {
    case .unary:
      text.block("public func \(method.function)(_ request: \(method.request), \(options)) async throws -> \(method.response) {") { text in
        text.line("try await channel.unary(\(descriptor), request, options: options)")
      }
    case .serverStreaming:
      text.list(
        "public func \(method.function)<Result>(", ["_ request: \(method.request)", options, "_ body: (\(reader)) async throws -> Result"],
        ") async throws -> Result {")
      text.line("  try await channel.serverStreaming(\(descriptor), request, options: options, body)")
      text.line("}")
    case .clientStreaming:
      text.list(
        "public func \(method.function)(", [options, "_ send: (\(writer)) async throws -> Void"], ") async throws -> \(method.response) {")
      text.line("  try await channel.clientStreaming(\(descriptor), options: options, send)")
      text.line("}")
    case .bidirectional:
      text.list(
        "public func \(method.function)<Result>(", [options, "_ body: (\(writer), \(reader)) async throws -> Result"],
        ") async throws -> Result {")
      text.line("  try await channel.bidirectional(\(descriptor), options: options, body)")
      text.line("}")
    }
  }
}

extension MethodModel.Kind {
  var hasSingleRequest: Bool { self == .unary || self == .serverStreaming }
  var hasSingleResponse: Bool { self == .unary || self == .clientStreaming }
}

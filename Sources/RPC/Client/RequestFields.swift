import HTTP2

/// The header blocks of a channel's requests. What is the same in every call of a method is laid out once.
final class RequestFields {
  private let configuration: RPCChannelConfiguration
  private let authority: String
  private var templates: [String: HTTP2FieldTemplate] = [:]
  private var recent: (path: String, template: HTTP2FieldTemplate)?
  private let fields = HTTP2Fields()

  /// A program calls the methods of its contracts. Whoever makes up paths without end gets a new layout now and then.
  private static let templatesMax = 1024

  init(_ configuration: RPCChannelConfiguration, authority: String) {
    self.configuration = configuration
    self.authority = configuration.authority ?? authority
  }

  /// The beginning of a request's header block, to be completed and sent before the next one is asked for.
  func begin(_ method: MethodDescriptor) -> HTTP2Fields {
    fields.begin(template(method.path))
    return fields
  }

  /// The same in an object of its own, which may wait.
  func make(_ method: MethodDescriptor) -> HTTP2Fields { HTTP2Fields(template(method.path)) }

  private func template(_ path: String) -> HTTP2FieldTemplate {
    // Descriptors are constants: mostly these are the same string, which is seen without comparing its bytes.
    if let recent, recent.path == path { return recent.template }
    let template = templates[path] ?? lay(path)
    recent = (path, template)
    return template
  }

  private func lay(_ path: String) -> HTTP2FieldTemplate {
    if templates.count >= Self.templatesMax { templates = [:] }
    let template = HTTP2FieldTemplate(copying: [
      (":method", "POST"), (":scheme", configuration.tls == nil ? "http" : "https"), (":path", path), (":authority", authority),
      ("te", "trailers"), ("content-type", "application/grpc"), ("user-agent", configuration.userAgent),
      ("grpc-accept-encoding", "identity,gzip"),
    ])
    templates[path] = template
    return template
  }
}

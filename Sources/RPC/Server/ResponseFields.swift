import HTTP2

/// The header blocks that a server sends.
enum ResponseFields {
  // Written once, read for ever after: HTTP2Fields has no way to change permanent ones.
  nonisolated(unsafe) static let plain = HTTP2Fields(permanent: [
    (":status", "200"), ("content-type", "application/grpc"), ("grpc-accept-encoding", "identity,gzip"),
  ])
  nonisolated(unsafe) static let okTrailers = HTTP2Fields(permanent: [("grpc-status", "0")])

  static func with(_ metadata: Metadata) -> HTTP2Fields {
    let fields = base()
    metadata.append(to: fields)
    return fields
  }

  static func gzip(_ metadata: Metadata?) -> HTTP2Fields {
    let fields = base()
    fields.add("grpc-encoding", "gzip")
    metadata?.append(to: fields)
    return fields
  }

  static func trailersOnly(_ error: RPCError, context: ServerContext?) -> HTTP2Fields {
    let fields = base()
    context?.responseMetadata.append(to: fields)
    append(error, context, to: fields)
    return fields
  }

  static func status(_ error: RPCError, context: ServerContext?) -> HTTP2Fields {
    let fields = HTTP2Fields()
    append(error, context, to: fields)
    return fields
  }

  private static func base() -> HTTP2Fields {
    let fields = HTTP2Fields()
    fields.add(":status", "200")
    fields.add("content-type", "application/grpc")
    fields.add("grpc-accept-encoding", "identity,gzip")
    return fields
  }

  private static func append(_ error: RPCError, _ context: ServerContext?, to fields: HTTP2Fields) {
    fields.add("grpc-status", String(error.code.rawValue))
    if !error.message.isEmpty { fields.add("grpc-message", StatusText.encode(bounded(error.message))) }
    if !error.details.isEmpty, let details = details(error) { fields.add("grpc-status-details-bin", details) }
    error.metadata.append(to: fields)
    context?.responseTrailers.append(to: fields)
    if let pushback = context?.retryPushback { fields.add("grpc-retry-pushback-ms", pushback.text) }
  }

  /// The details in their order, as many as fit: the first is what matters most.
  private static func details(_ error: RPCError) -> String? {
    var error = error
    while !error.details.isEmpty {
      let text = StatusDetailsCoding.encode(error)
      if text.utf8.count <= detailsBytesMax { return text }
      error.details.removeLast()
    }
    return nil
  }

  private static func bounded(_ message: String) -> String {
    // Scalars, for what is shown as one character may have any number of them.
    message.utf8.count <= messageScalarsMax ? message : String(String.UnicodeScalarView(message.unicodeScalars.prefix(messageScalarsMax)))
  }

  /// Peers commonly accept 8 KiB of headers; a status that exceeds that would be lost whole.
  private static let messageScalarsMax = 1024
  private static let detailsBytesMax = 6 << 10
}

import HTTP2

/// What the headers of a request say, checked in the order of the gRPC specification.
struct RequestHead {
  enum Outcome {
    case accepted(RequestHead)
    /// A gRPC status tells the client.
    case refused(RPCError)
    /// Not gRPC at all: an HTTP status.
    case notGRPC(Int)
  }

  let route: RPCRouter.Route
  var timeoutNanoseconds: UInt64?
  var inputIsGzip = false
  var acceptsGzip = false

  static func parse(_ headers: HTTP2Headers, router: RPCRouter) -> Outcome {
    if headers.isTruncated { return .refused(RPCError(.resourceExhausted, "the request's metadata is too large")) }
    let media = headers.withFirst("content-type") { MediaType($0) } ?? .notGRPC
    guard media != .notGRPC else { return .notGRPC(415) }
    guard headers.withFirst(":method", { $0.elementsEqual("POST".utf8) }) ?? false else { return .notGRPC(405) }
    guard media == .grpc else { return .refused(RPCError(.unimplemented, "messages are protobuf here: content-type application/grpc")) }
    guard let path = headers[":path"], let route = router.route(path) else {
      return .refused(RPCError(.unimplemented, unknown(headers[":path"] ?? "", router)))
    }
    if let key = Metadata.firstBrokenKey(headers) {
      return .refused(RPCError(.internalError, "the metadata \(key.prefix(64)) is not base64"))
    }
    var head = RequestHead(route: route)
    if let timeout = headers.withFirst("grpc-timeout", { TimeoutText.nanoseconds($0) }) {
      guard let timeout else { return .refused(RPCError(.internalError, "grpc-timeout is malformed")) }
      guard timeout > 0 else { return .refused(RPCError(.deadlineExceeded, "the deadline had passed when the call arrived")) }
      head.timeoutNanoseconds = timeout
    }
    if let encoding = headers["grpc-encoding"] {
      guard encoding == "identity" || encoding == "gzip" else {
        return .refused(RPCError(.unimplemented, "grpc-encoding \(encoding.prefix(32)) is not supported; identity and gzip are"))
      }
      head.inputIsGzip = encoding == "gzip"
    }
    head.acceptsGzip = headers.withFirst("grpc-accept-encoding") { accepts($0) } ?? false
    return .accepted(head)
  }

  private static func accepts(_ list: UnsafeRawBufferPointer) -> Bool {
    list.split(separator: UInt8(ascii: ",")).contains { $0.drop { $0 == 0x20 }.starts(with: "gzip".utf8) }
  }

  private static func unknown(_ path: String, _ router: RPCRouter) -> String {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].isEmpty else { return "the path is not of the form /service/method" }
    return router.hasService(parts[1]) ? "unknown method \(parts[2].prefix(100)) of service \(parts[1])" : "unknown service \(parts[1].prefix(100))"
  }
}

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

  // The router keeps its routes, and the server its router: they are not counted here.
  unowned(unsafe) let route: RPCRouter.Route
  var timeoutNanoseconds: UInt64?
  var inputIsGzip = false
  var acceptsGzip = false

  /// What one walk over the fields finds. Where a field is repeated the first one counts.
  struct Found {
    fileprivate var media: MediaType?
    fileprivate var isPost: Bool?
    fileprivate unowned(unsafe) var route: RPCRouter.Route?
    fileprivate var hasPath = false
    /// The inner nil: malformed.
    fileprivate var timeout: UInt64??
    fileprivate var encoding: Encoding?
    fileprivate var acceptsGzip: Bool?
    /// A `-bin` field is not base64.
    fileprivate var hasBrokenKey = false

    fileprivate enum Encoding { case identity, gzip, unknown }

    @inline(__always)
    fileprivate mutating func take(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ router: RPCRouter) {
      // By length first: most fields are none of these.
      switch name.count {
      case 5 where !hasPath && name == ":path":
        hasPath = true
        route = router.route(value)
      case 7 where isPost == nil && name == ":method": isPost = value == "POST"
      case 12 where media == nil && name == "content-type": media = MediaType(value)
      case 12 where timeout == nil && name == "grpc-timeout": timeout = .some(TimeoutText.nanoseconds(value))
      case 13 where encoding == nil && name == "grpc-encoding": encoding = value == "identity" ? .identity : value == "gzip" ? .gzip : .unknown
      case 20 where acceptsGzip == nil && name == "grpc-accept-encoding": acceptsGzip = RequestHead.acceptsGzip(value)
      default: hasBrokenKey = hasBrokenKey || Metadata.isBroken(name, value)
      }
    }
  }

  /// What the fields from `first` up to `end` say beside those before them.
  static func find(_ headers: HTTP2Headers, from first: Int, to end: Int, after earlier: Found, router: RPCRouter) -> Found {
    var found = earlier
    for index in first..<end { headers.withField(index) { name, value in found.take(name, value, router) } }
    return found
  }

  static func judge(_ found: Found, _ headers: HTTP2Headers, router: RPCRouter) -> Outcome {
    if headers.isTruncated { return .refused(RPCError(.resourceExhausted, "the request's metadata is too large")) }
    let media = found.media ?? .notGRPC
    guard media != .notGRPC else { return .notGRPC(415) }
    guard found.isPost ?? false else { return .notGRPC(405) }
    guard media == .grpc else { return .refused(RPCError(.unimplemented, "messages are protobuf here: content-type application/grpc")) }
    guard let route = found.route else { return .refused(RPCError(.unimplemented, unknown(headers[":path"] ?? "", router))) }
    if found.hasBrokenKey {
      let key = Metadata.firstBrokenKey(headers) ?? ""
      return .refused(RPCError(.internalError, "the metadata \(key.prefix(64)) is not base64"))
    }
    var head = RequestHead(route: route)
    if let timeout = found.timeout {
      guard let timeout else { return .refused(RPCError(.internalError, "grpc-timeout is malformed")) }
      guard timeout > 0 else { return .refused(RPCError(.deadlineExceeded, "the deadline had passed when the call arrived")) }
      head.timeoutNanoseconds = timeout
    }
    if found.encoding == .unknown {
      let name = headers["grpc-encoding"] ?? ""
      return .refused(RPCError(.unimplemented, "grpc-encoding \(name.prefix(32)) is not supported; identity and gzip are"))
    }
    head.inputIsGzip = found.encoding == .gzip
    head.acceptsGzip = found.acceptsGzip ?? false
    return .accepted(head)
  }

  private static func acceptsGzip(_ list: UnsafeRawBufferPointer) -> Bool {
    list.split(separator: UInt8(ascii: ",")).contains { $0.drop { $0 == 0x20 }.starts(with: "gzip".utf8) }
  }

  private static func unknown(_ path: String, _ router: RPCRouter) -> String {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].isEmpty else { return "the path is not of the form /service/method" }
    return router.hasService(parts[1]) ? "unknown method \(parts[2].prefix(100)) of service \(parts[1])" : "unknown service \(parts[1].prefix(100))"
  }
}

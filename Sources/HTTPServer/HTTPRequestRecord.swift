/// What becomes known of a request while it is served, for metrics and logs. Loop thread only.
public final class HTTPRequestRecord: @unchecked Sendable {
  /// The kind of path, such as `/api/edge/files/{fileId}/chunks/{index}`; never the path itself, which peers make up.
  public var route = "other"
  /// What to find the request by, such as its id and its place in a trace.
  public var identifiers: [(name: String, value: String)] = []
  /// 0 while no response has begun.
  public internal(set) var status = 0
  /// Bytes of the response's body so far.
  public internal(set) var sentBytes: UInt64 = 0
  /// The client went away, stalled or broke HTTP before the response was complete.
  public internal(set) var isBroken = false
  public let begunNanoseconds: UInt64

  init(begunNanoseconds: UInt64) { self.begunNanoseconds = begunNanoseconds }
}

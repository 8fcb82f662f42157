import HTTPServer

/// The limits of an HTTP door as settings.
public enum HTTPSettings {
  public static let door: LimitSettings<HTTPServerLimits> = {
    var table = LimitSettings(usual)
    table.add("http.connections.max", \.connectionsMax, 1...1_000_000,
      "connections to one loop at once; for one more, idle ones are closed, else it is told 503")
    table.add("http.evictable.after.ms", \.evictableAfterMilliseconds, 0...600_000,
      "how long a connection must be without a request to be closed for another")
    table.add("http.requests.per.connection.max", \.requestsPerConnectionMax, 1...100_000_000, "requests of one HTTP/1.1 connection")
    table.add("http.streams.max", \.streamsPerConnectionMax, 1...100_000, "requests of one HTTP/2 connection at once")
    table.add("http.request.line.bytes", \.http1.requestLineBytesMax, 1024...65_536, "method, target and version; 414 above it")
    table.add("http.field.bytes", \.http1.fieldLineBytesMax, 1024...65_536, "one header field of HTTP/1.1; 431 above it")
    table.add("http.fields.bytes", \.http1.fieldBytesMax, 1024...(1 << 20), "all header fields of an HTTP/1.1 request; 431 above it")
    table.add("http.fields.max", \.http1.fieldCountMax, 10...10_000, "header fields of an HTTP/1.1 request; 431 above it")
    table.add("http.header.list.bytes", \.headerListBytesMax, 1024...(1 << 20), "all header fields of an HTTP/2 request; 431 above it")
    table.add("http.body.bytes", \.bodyBytesMax, 1024...(1 << 40), "a request body of any kind; 413 above it")
    table.add("http.drain.bytes", \.drainBytesMax, 0...(1 << 30),
      "what is read of a body that nobody wants before its connection is closed instead")
    table.add("http.input.bytes", \.inputBytesMax, 16_384...(1 << 30), "received bytes of one request that wait for its handler")
    table.add("http.connection.input.bytes", \.connectionInputBytesMax, 65_536...(1 << 32), "the same for all requests of an HTTP/2 connection")
    table.add("http.output.bytes", \.outputBytesMax, 16_384...(1 << 30), "bytes that wait for a slow client before its handler is made to wait")
    table.add("http.connection.output.bytes", \.connectionOutputBytesMax, 65_536...(1 << 32),
      "answers of one HTTP/2 connection that wait to be sent, above which its next requests wait")
    table.add("http.held.bytes", \.heldBytesMax, 1 << 20...(1 << 36), "answers that wait on all connections of a loop, above which memory is short")
    table.add("http.head.timeout.ms", \.headMilliseconds, 100...600_000, "from a request's first byte to the end of its header fields")
    table.add("http.idle.timeout.ms", \.idleMilliseconds, 100...86_400_000, "without a request on an open connection")
    table.add("http.stall.timeout.ms", \.stallMilliseconds, 100...3_600_000,
      "how long a client may keep the server waiting for each http.progress.bytes")
    table.add("http.progress.bytes", \.progressBytesMin, 1...(1 << 30), "with http.stall.timeout.ms the least rate of a body")
    table.add("http.linger.ms", \.lingerMilliseconds, 0...600_000, "for a client to read the answer to a request that was broken off")
    return table
  }()

  /// Bodies are chunks: large, and sometimes answered before they are read.
  public static var usual: HTTPServerLimits {
    var limits = HTTPServerLimits()
    // What base64 and JSON may make of the largest chunk.
    limits.bodyBytesMax = 840 << 20
    limits.lingerMilliseconds = 5_000
    return limits
  }
}

import CNghttp2

/// nghttp2's options, made once for each role and never changed after.
final class SessionOptions: Sendable {
  nonisolated(unsafe) let raw: OpaquePointer?

  private init(_ role: HTTP2Session.Role) {
    var options: OpaquePointer?
    // Fails only without memory; a session without options still works, with nghttp2's own defaults.
    if nghttp2_option_new(&options) == 0 {
      nghttp2_option_set_no_auto_window_update(options, 1)
      nghttp2_option_set_no_closed_streams(options, 1)
      nghttp2_option_set_max_outbound_ack(options, 512)
      // RequestRules and ResponseRules stand for it.
      nghttp2_option_set_no_http_messaging(options, 1)
      // Deadlines cancel calls: under load many at once, all of one gateway's on the same connection.
      if role == .server { nghttp2_option_set_stream_reset_rate_limit(options, 5_000, 500) }
      if role == .client { nghttp2_option_set_peer_max_concurrent_streams(options, 100) }
    }
    raw = options
  }

  static let server = SessionOptions(.server)
  static let client = SessionOptions(.client)
}

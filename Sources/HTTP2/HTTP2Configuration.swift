/// The limits of one session.
public struct HTTP2Configuration: Sendable {
  /// Streams the peer may have open at once.
  public var concurrentStreamsMax: UInt32 = 256
  /// How many bytes of one stream may be under way and unread.
  public var streamWindowBytes: Int32 = 1 << 20
  /// The same for the whole connection. Small windows throttle: 64 KiB made 10 MB take eight times as long.
  public var connectionWindowBytes: Int32 = 16 << 20
  /// Received and unread bytes of all streams together, above which the connection's window is no longer refilled.
  public var bufferedBytesMax: Int = 32 << 20
  /// One header block, counted as RFC 9113 section 6.5.2 says (name + value + 32 for each field).
  public var headerListBytesMax: Int = 16 << 10
  /// Frames that move no data (PING, SETTINGS, PRIORITY, empty DATA, WINDOW_UPDATE, RST_STREAM) which a peer may send beyond
  /// those that its useful frames pay for. A peer that spends them all is cut off.
  public var idleFramesMax: Int = 10_000
  /// A stream reports `.writable` when less than this is waiting to be sent.
  public var outputLowWaterBytes: Int = 32 << 10

  /// A server whose answer is complete before the request is: reset the stream at once with NO_ERROR (RFC 9113 section 8.1). Without it
  /// the stream's owner decides; some HTTP clients (curl before 8.0) lose the answer when the reset comes while they still send.
  public var resetsUnfinishedRequests = true

  public init() {}
}

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
  /// What the peer may do that helps nobody, in units of about one PING (see `GlitchBudget`): frames that move no data, streams that are
  /// reset before their answer, and what breaks the rules of one stream. Useful work gives back. A peer that spends it all is cut off.
  public var glitchBudget: Int = 10_000
  /// What time gives back. A peer that floods more slowly than this is not stopped, and costs less than a thousandth of a core.
  public var glitchRefundPerSecond: Int = 500
  /// A stream reports `.writable` when less than this is waiting to be sent.
  public var outputLowWaterBytes: Int = 32 << 10

  /// A server whose answer is complete before the request is: reset the stream at once with NO_ERROR (RFC 9113 section 8.1). Without it
  /// the stream's owner decides; some HTTP clients (curl before 8.0) lose the answer when the reset comes while they still send.
  public var resetsUnfinishedRequests = true
  /// The identifier of a client's first stream, an odd number. The last is 2^31 - 1, and then the connection takes no more (RFC 9113 section
  /// 5.1.1): tests begin near it.
  public var firstStreamID: Int32 = 1

  public init() {}
}

import Bytes
import CNghttp2

/// What happened to a stream since it was last told.
public struct HTTP2StreamEvents: OptionSet, Sendable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// `headers` holds the request, or the final response (informational responses are skipped).
  public static let headers = HTTP2StreamEvents(rawValue: 1)
  /// `input` grew.
  public static let data = HTTP2StreamEvents(rawValue: 2)
  /// `trailers` is there. Comes with `.end`.
  public static let trailers = HTTP2StreamEvents(rawValue: 4)
  /// The peer sends no more.
  public static let end = HTTP2StreamEvents(rawValue: 8)
  /// Output fell below the low-water mark.
  public static let writable = HTTP2StreamEvents(rawValue: 16)
  /// The stream is gone; `closeCode` says why. `session` is nil from here on.
  public static let closed = HTTP2StreamEvents(rawValue: 32)
}

/// One stream of a session. Subclass it and override `handle`.
///
/// Belongs to the thread of its session. `handle` is called after nghttp2 has returned, never from inside it, so it may do anything
/// but destroy the session.
open class HTTP2Stream {
  enum OutputEnd { case open, plain, trailers }

  /// 0 until the stream is opened.
  public internal(set) final var id: Int32 = 0
  /// Nil before the stream is opened and after it is closed. Not counted, since the session owns its streams and lets go of them first.
  final var owner: Unmanaged<HTTP2Session>?
  public internal(set) final var headers = HTTP2Headers()
  public internal(set) final var trailers = HTTP2Headers()
  public internal(set) final var closeCode = HTTP2ErrorCode.noError
  /// The peer has finished sending.
  public internal(set) final var inputEnded = false

  /// Received and not yet taken. Read it, then call `discardInput`.
  public internal(set) final var input = ByteBuffer()
  /// Waiting to be sent. Append to it, then call `outputChanged`.
  public final var output = ByteBuffer()
  /// What of the output others hold, and where among the bytes of `output` it belongs.
  public final var lentOutput = LentBytes()

  /// The constant part of the header block that it was begun with, to which nghttp2 refers until it was sent.
  final var template: HTTP2FieldTemplate?
  final var informationalTemplate: HTTP2FieldTemplate?
  final var events: HTTP2StreamEvents = []
  final var isQueued = false
  final var liveIndex = -1
  final var headersComplete = false
  final var collectsTrailers = false
  final var outputEnd = OutputEnd.open
  final var outputTrailers: HTTP2Fields?
  /// nghttp2 asked for output when there was none and must be woken.
  final var outputDeferred = false
  final var wantsWritable = false
  final var responded = false
  final var resetSent = false
  /// Reset for what the peer sent, which is no request or no response.
  final var isMalformed = false
  /// Our side was sent to its end. For a server: the client got its whole answer.
  final var answered = false
  /// What `content-length` announced and has not come yet; nil where nothing was announced.
  final var owedBytes: Int?
  /// What of `output` the session has counted.
  final var queuedBytes = 0
  /// Bytes of output that were sent so far.
  public internal(set) final var sentBytes = 0
  /// How long `input` will become, as far as is known; 0: not known.
  final var expectedBytes = 0
  /// What of it the session has counted as reserved.
  final var reservedBytes = 0

  public init() {}

  @inline(__always) final func takeEvents() -> HTTP2StreamEvents {
    let taken = events
    events = []
    isQueued = false
    return taken
  }

  /// Called once for all that has happened since the last call.
  open func handle(_ events: HTTP2StreamEvents) {}

  /// Bytes of output that were not yet taken by the session.
  public final var outputBytes: Int { output.count + lentOutput.count }
  /// `finish` was called.
  public final var outputEnded: Bool { outputEnd != .open }
  public final var isOpen: Bool { owner != nil }
  /// Nil before the stream is opened and after it is closed.
  public final var session: HTTP2Session? { owner?.takeUnretainedValue() }

  /// Drops the output that waits. Memory above `limit` bytes is given back.
  public final func dropOutput(keepingAtMost limit: Int = 1 << 16) {
    output.clear(keepingAtMost: limit)
    if !lentOutput.isEmpty { lentOutput.clear() }
  }

  /// Drops the header fields, of a stream that is not served: it may be open until its reset is sent, beside hundreds of others.
  public final func dropHeaders() { headers = HTTP2Headers() }

  /// Drops `byteCount` bytes from `input`. Does not refill the window: that is `grant`.
  public final func discardInput(_ byteCount: Int) {
    let before = input.count
    input.discardFirst(byteCount)
    owner?._withUnsafeGuaranteedRef { $0.bufferedBytesShrank(by: before - input.count) }
  }

  /// Lets the peer send `byteCount` more bytes on this stream. Grant each received byte once, when there is room for its successor.
  public final func grant(_ byteCount: Int) {
    // A peer that has sent its end has no use for a window.
    guard byteCount > 0, !inputEnded else { return }
    owner?._withUnsafeGuaranteedRef { $0.grant(byteCount, stream: id) }
  }

  /// Sends response headers (servers), with a body to follow unless `endStream`. Only the first call counts.
  public final func respond(_ fields: HTTP2Fields, endStream: Bool = false) {
    guard let owner, !responded else { return }
    responded = true
    if endStream { outputEnd = .plain }
    owner._withUnsafeGuaranteedRef { $0.submitResponse(self, fields, hasBody: !endStream) }
  }

  /// Sends an informational response such as 100, before `respond`.
  public final func sendInformational(_ fields: HTTP2Fields) {
    guard let session, !responded else { return }
    session.submitInformational(self, fields)
  }

  /// True once `respond` was called.
  public final var hasResponded: Bool { responded }

  /// Tells the session that `output` grew.
  public final func outputChanged() {
    owner?._withUnsafeGuaranteedRef { session in
      let waiting = outputBytes
      session.queuedOutputBytes += waiting - queuedBytes
      queuedBytes = waiting
      if outputDeferred { session.resumeOutput(self) }
    }
  }

  /// Ends the output after what is waiting, with trailers if given. Only the first call counts.
  public final func finish(trailers fields: HTTP2Fields? = nil) {
    guard outputEnd == .open else { return }
    outputTrailers = fields
    outputEnd = fields == nil ? .plain : .trailers
    outputChanged()
  }

  /// Takes `units` of the peer's glitch budget, for what its messages turned out to be.
  public final func charge(_ units: Int) { session?.glitches.spend(units) }

  /// Asks for one `.writable` event when little output is left.
  public final func notifyWhenWritable() { wantsWritable = true }

  /// Ends the stream at once in both directions. `.closed` follows.
  public final func reset(_ code: HTTP2ErrorCode) {
    guard let session, !resetSent else { return }
    resetSent = true
    session.submitReset(self, code)
  }

  /// Makes a closed stream ready for its next life. The buffers keep their memory, up to a bound.
  public final func recycle() {
    precondition(!isOpen, "only a closed stream can be used again")
    id = 0
    headers.removeAll()
    trailers.removeAll()
    closeCode = .noError
    inputEnded = false
    input.clear(keepingAtMost: 1 << 12)
    output.clear(keepingAtMost: 1 << 12)
    if !lentOutput.isEmpty { lentOutput.clear() }
    expectedBytes = 0
    events = []
    headersComplete = false
    collectsTrailers = false
    outputEnd = .open
    outputTrailers = nil
    outputDeferred = false
    wantsWritable = false
    responded = false
    resetSent = false
    isMalformed = false
    answered = false
    owedBytes = nil
    queuedBytes = 0
    sentBytes = 0
  }
}

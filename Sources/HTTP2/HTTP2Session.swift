import Bytes
import CNghttp2

/// What happened to a session since it was last told.
public struct HTTP2SessionEvents: OptionSet, Sendable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The peer announced that it will take no new streams.
  public static let goaway = HTTP2SessionEvents(rawValue: 1)
  public static let pingAcknowledged = HTTP2SessionEvents(rawValue: 2)
  /// The peer's settings arrived (first or changed).
  public static let settings = HTTP2SessionEvents(rawValue: 4)
  /// The peer sent a PING that is not an acknowledgement.
  public static let pingReceived = HTTP2SessionEvents(rawValue: 8)
}

/// One end of an HTTP/2 connection without its I/O: bytes go in by `receive`, come out in `outbound` by `produce`, and streams are
/// told what happened.
///
/// A session belongs to one thread. Call `close` when the connection is gone; until then streams and session keep each other alive.
open class HTTP2Session {
  public enum Role: Sendable { case client, server }

  public final let role: Role
  public final let configuration: HTTP2Configuration
  /// Produced and not yet written to the socket. Write from its front, then `discardFirst`; with `lendsOutput` see `locateOutbound`.
  public final var outbound = ByteBuffer()
  /// Large parts of messages are not copied to `outbound`: whoever writes must take them from where they are (`locateOutbound`).
  public final var lendsOutput = false
  /// The parts that were not copied, and where in `outbound` they belong.
  final var lentOutbound = LentBytes()
  final let lentAccount = LentAccount()
  /// Bytes of output that `outboundWritten` was told of.
  public internal(set) final var writtenBytes = 0
  /// What streams have reserved for messages whose size they know.
  final var reservedInputBytes = 0
  /// What is received just now stands where its stream wants it (`payloadTarget`).
  final var isReceivingPayload = false
  /// True once the peer has sent GOAWAY.
  public internal(set) final var goawayReceived = false
  /// Why, by the newest one; with the first bytes of what it said beside the code.
  public internal(set) final var goawayCode = HTTP2ErrorCode.noError
  public internal(set) final var goawayText = ""
  public internal(set) final var settingsReceived = false
  /// PINGs (not acknowledgements) the peer has sent so far.
  public internal(set) final var pingsReceived = 0

  /// Header blocks of answers and DATA frames sent so far: a peer that is being served may PING more often.
  public internal(set) final var usefulFramesSent: UInt64 = 0

  final var raw: OpaquePointer?
  final var live: [HTTP2Stream] = []
  /// Streams with news. Not owned: each stays in `live` until it was told that it is closed, which is the last it hears.
  final var ready: [Unmanaged<HTTP2Stream>] = []
  final var dispatching: [Unmanaged<HTTP2Stream>] = []
  /// The stream that nghttp2 last asked about: its callbacks come in runs for the same one, and each look-up is a search in a hash table.
  final var recentID: Int32 = 0
  final var recentStream: Unmanaged<HTTP2Stream>?
  /// Whose header block is arriving. Not `recentStream`: between two parts of a block that come in different reads others send and end.
  final var arriving: Unmanaged<HTTP2Stream>?
  /// Takes the fields of that block; the stream owns it.
  final var openBlock: Unmanaged<HeaderBlock>?
  /// That block, until it differs from the one that is remembered.
  final var match = HeaderMatch()
  /// Judges the fields of that block. Servers only.
  final var rules = RequestRules(isTrailer: false)
  /// The same for clients.
  final var responseRules = ResponseRules(isTrailer: false)
  /// A request, or the head of a response.
  final var memo = HeaderMemo()
  /// The rules at the end of that request.
  final var memoRules = RequestRules(isTrailer: false)
  /// The trailer of a response.
  final var trailerMemo = HeaderMemo()
  final var events: HTTP2SessionEvents = []
  /// Received bytes of all streams that were not taken yet.
  public internal(set) final var bufferedBytes = 0
  /// Received bytes that were taken so far.
  public internal(set) final var takenBytes = 0
  final var withheldBytes = 0
  /// Bytes of the streams' output that were sent so far.
  public internal(set) final var sentDataBytes = 0
  /// Streams that ended after the peer was sent a whole answer.
  public internal(set) final var answeredStreams = 0
  /// Output of all streams that waits to be sent.
  public internal(set) final var queuedOutputBytes = 0
  /// PINGs of ours that wait for their acknowledgement.
  public internal(set) final var pingsUnanswered = 0
  final var glitches: GlitchBudget
  final var scanner: FrameScanner
  final var outboundLimit = 0
  final var isInsideLibrary = false
  /// What the frames of the bytes that are being received have cost: some of them give it back before the bytes are done with.
  final var chargedAhead = 0
  /// The peer is about to be cut off: its streams hear no more than that they are closed.
  private final var isCutOff = false

  private final let memory: HTTP2Memory

  /// - Parameter memory: shared by the sessions of one thread, or nil for one of its own.
  public init(role: Role, configuration: HTTP2Configuration = HTTP2Configuration(), memory: HTTP2Memory? = nil) throws(HTTP2Error) {
    self.role = role
    self.configuration = configuration
    self.memory = memory ?? HTTP2Memory()
    glitches = GlitchBudget(configuration)
    scanner = FrameScanner(prefaceBytes: role == .server ? 24 : 0)
    let context = Unmanaged.passUnretained(self).toOpaque()
    // nghttp2 copies the table of functions.
    var allocator = self.memory.allocator
    let result =
      role == .server
      ? nghttp2_session_server_new3(&raw, SessionCallbacks.shared.raw, context, SessionOptions.server.raw, &allocator)
      : nghttp2_session_client_new3(&raw, SessionCallbacks.shared.raw, context, SessionOptions.client.raw, &allocator)
    guard result == 0 else { throw HTTP2Error("cannot make an HTTP/2 session", library: Int(result)) }
    try submitSettings()
  }

  deinit {
    for stream in live { stream.owner = nil }
    if let raw { nghttp2_session_del(raw) }
  }

  // MARK: For subclasses

  /// A server session makes one stream object for each request. Called from inside nghttp2: only create it.
  open func makeStream() -> HTTP2Stream { HTTP2Stream() }
  open func handle(_ events: HTTP2SessionEvents) {}
  /// A stream has ended and nobody else holds it: it may be kept for another life.
  open func reclaim(_ stream: HTTP2Stream) {}
  /// New output waits for `produce`. May be called often.
  open func outputPending() {}

  // MARK: Input

  /// Takes in what was read from the socket and tells the streams what it meant.
  /// An error ends the session: `produce` once more for the GOAWAY, then close.
  public final func receive(_ bytes: UnsafeRawBufferPointer) throws(HTTP2Error) {
    guard let raw else { throw HTTP2Error("the session is closed") }
    precondition(!isInsideLibrary, "receive called from a callback")
    chargedAhead = scanner.scan(bytes)
    glitches.spend(chargedAhead)
    isInsideLibrary = true
    let taken = nghttp2_session_mem_recv(raw, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count)
    isInsideLibrary = false
    // Nobody begins what such a client asked for last, hundreds of requests perhaps. A client hears the answers that came before the end.
    isCutOff = role == .server && (taken < 0 || glitches.left < 0)
    dispatch()
    guard taken >= 0 else { throw failed(taken) }
    if glitches.left < 0 {
      terminate(.enhanceYourCalm)
      throw HTTP2Error("the peer spent its glitch budget: too many frames or streams that lead to nothing")
    }
    outputPending()
  }

  // MARK: Output

  /// Moves output into `outbound` until it holds `limit` bytes or nothing is left; of what was not copied four times as much.
  public final func produce(upTo limit: Int) throws(HTTP2Error) {
    guard let raw else { throw HTTP2Error("the session is closed") }
    precondition(!isInsideLibrary, "produce called from a callback")
    outboundLimit = limit
    var failure = 0
    while outboundCost < limit {
      var bytes: UnsafePointer<UInt8>?
      isInsideLibrary = true
      let count = nghttp2_session_mem_send(raw, &bytes)
      isInsideLibrary = false
      if count < 0 { failure = count }
      guard count > 0, let bytes else { break }
      outbound.append(bytes, count: count)
    }
    dispatch()
    guard failure == 0 else { throw HTTP2Error("cannot make HTTP/2 output", library: failure) }
  }

  /// Nothing is left to do on this connection: close it.
  public final var isFinished: Bool {
    guard let raw else { return true }
    return !hasOutbound && nghttp2_session_want_read(raw) == 0 && nghttp2_session_want_write(raw) == 0
  }

  // MARK: State

  public final var openStreams: Int { live.count }

  /// Bytes of the streams' messages that this session holds: received and not taken, or not sent yet.
  public final var heldBytes: Int { bufferedBytes + heldOutputBytes }

  /// Output that waits to be sent, and what was sent of messages that must stay until the rest of them is.
  public final var heldOutputBytes: Int { queuedOutputBytes + lentAccount.heldBytes }

  /// The open streams, in no order. `body` may reset them, but must not close the session.
  public final func forEachStream(_ body: (HTTP2Stream) -> Void) {
    for stream in live { body(stream) }
  }

  /// Tells the session how late it is (any monotonic clock), for what time gives back of the glitch budget. Cheap: for every read.
  @inline(__always) public final func clockAdvanced(toNanoseconds now: UInt64) { glitches.advance(to: now) }

  /// What is left of the peer's glitch budget.
  public final var glitchBudgetLeft: Int { glitches.left }

  /// The peer gave no sign of life on a stream that waits for it: whoever has a clock gives such a stream up, and this takes its price.
  public final func chargeStalledStream() { glitches.spend(GlitchBudget.stalledStreamCost) }

  /// The peer has begun a frame other than DATA, or a header block, and not ended it. No other frame can come before it has.
  public final var isInsideControlFrame: Bool { scanner.isInsideControlFrame }

  /// Frames the peer has begun so far; a header block is one.
  public final var framesReceived: UInt64 { scanner.frames }

  /// How many streams the peer lets us have open at once. Before its settings arrive: 100.
  public final var peerConcurrentStreamsMax: Int {
    guard let raw else { return 0 }
    guard settingsReceived else { return 100 }
    return Int(nghttp2_session_get_remote_settings(raw, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS))
  }

  /// A client may open one more stream.
  public final var acceptsRequests: Bool {
    guard let raw else { return false }
    return !goawayReceived && nghttp2_session_check_request_allowed(raw) != 0
  }

  /// Ends every stream with `code` and frees the session. For a connection that is gone. Safe to call twice, but not from inside `receive`.
  public final func close(_ code: HTTP2ErrorCode = .cancel) {
    guard let raw, !isInsideLibrary else { return }
    self.raw = nil
    recentID = 0
    recentStream = nil
    forgetBlock()
    memo = HeaderMemo()
    trailerMemo = HeaderMemo()
    nghttp2_session_del(raw)
    lentOutbound.clear()
    for stream in live {
      stream.closeCode = code
      stream.events.insert(.closed)
      enqueue(stream)
    }
    dispatch()
  }

  // MARK: Telling the streams

  final func enqueue(_ stream: HTTP2Stream) {
    guard !stream.isQueued else { return }
    stream.isQueued = true
    ready.append(Unmanaged.passUnretained(stream))
  }

  private final func dispatch() {
    // A handler may bring about more events (by closing the session): they queue up and are told by the loop below, not recursively.
    guard dispatching.isEmpty, !isCutOff || raw == nil else { return }
    while !ready.isEmpty {
      swap(&ready, &dispatching)
      for index in 0..<dispatching.count {
        let stream = dispatching[index]
        let events = stream._withUnsafeGuaranteedRef { $0.takeEvents() }
        if events.contains(.closed) {
          end(stream, events)
        } else {
          stream._withUnsafeGuaranteedRef { $0.handle(events) }
        }
      }
      dispatching.removeAll(keepingCapacity: true)
    }
    if !events.isEmpty {
      let happened = events
      events = []
      handle(happened)
    }
  }

  /// The stream's last call. Nobody holds a stream that was served and let go of: it may begin again.
  private final func end(_ ended: Unmanaged<HTTP2Stream>, _ events: HTTP2StreamEvents) {
    let index = ended._withUnsafeGuaranteedRef { $0.liveIndex }
    guard index >= 0 else { return }
    // Taken out of the list, with the list's reference: nothing is counted on the way.
    var stream = live.removeLast()
    if index < live.count {
      stream.liveIndex = index
      swap(&stream, &live[index])
    }
    stream.liveIndex = -1
    bufferedBytesShrank(by: stream.input.count)
    queuedOutputBytes -= stream.queuedBytes
    stream.queuedBytes = 0
    if !stream.lentOutput.isEmpty { stream.lentOutput.clear() }
    if stream.reservedBytes > 0 { stream.giveBackReservation(in: self) }
    stream.owner = nil
    stream.handle(events)
    if isKnownUniquelyReferenced(&stream) { reclaim(stream) }
  }

  final func attach(_ stream: HTTP2Stream, id: Int32) {
    stream.id = id
    stream.owner = .passUnretained(self)
    stream.liveIndex = live.count
    live.append(stream)
  }
}

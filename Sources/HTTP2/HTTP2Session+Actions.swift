import CNghttp2

extension HTTP2Session {
  final func submitSettings() throws(HTTP2Error) {
    guard let raw else { return }
    func entry(_ setting: nghttp2_settings_id, _ value: UInt32) -> nghttp2_settings_entry {
      nghttp2_settings_entry(settings_id: Int32(setting.rawValue), value: value)
    }
    var entries = [
      entry(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, UInt32(clamping: configuration.streamWindowBytes)),
      entry(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, UInt32(clamping: configuration.headerListBytesMax)),
      role == .server
        ? entry(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, configuration.concurrentStreamsMax) : entry(NGHTTP2_SETTINGS_ENABLE_PUSH, 0),
    ]
    let flags = UInt8(NGHTTP2_FLAG_NONE.rawValue)
    var result = nghttp2_submit_settings(raw, flags, &entries, entries.count)
    guard result == 0 else { throw HTTP2Error("cannot send settings", library: Int(result)) }
    result = nghttp2_session_set_local_window_size(raw, flags, 0, configuration.connectionWindowBytes)
    guard result == 0 else { throw HTTP2Error("cannot set the connection window", library: Int(result)) }
    if role == .client, configuration.firstStreamID > 1 { _ = nghttp2_session_set_next_stream_id(raw, configuration.firstStreamID) }
  }

  /// Opens a stream (clients). `stream` is told `.closed` if the peer refuses it later.
  public final func open(_ stream: HTTP2Stream, _ fields: HTTP2Fields, hasBody: Bool) throws(HTTP2Error) {
    guard let raw else { throw HTTP2Error("the session is closed") }
    precondition(role == .client && !stream.isOpen && stream.id == 0, "open needs a client session and a fresh stream")
    if !hasBody { stream.outputEnd = .plain }
    stream.template = fields.template
    let context = Unmanaged.passUnretained(stream).toOpaque()
    let id = fields.withNameValues { names, count in
      guard hasBody else { return nghttp2_submit_request(raw, nil, names, count, nil, context) }
      var provider = SessionCallbacks.dataProvider(for: stream)
      return nghttp2_submit_request(raw, nil, names, count, &provider, context)
    }
    guard id > 0 else { throw HTTP2Error("cannot open a stream", library: Int(id)) }
    attach(stream, id: id)
    outputPending()
  }

  final func submitResponse(_ stream: HTTP2Stream, _ fields: HTTP2Fields, hasBody: Bool) {
    guard let raw else { return }
    if stream.template !== fields.template { stream.template = fields.template }
    let result = fields.withNameValues { names, count in
      guard hasBody else { return nghttp2_submit_response(raw, stream.id, names, count, nil) }
      var provider = SessionCallbacks.dataProvider(for: stream)
      return nghttp2_submit_response(raw, stream.id, names, count, &provider)
    }
    if result != 0 { stream.reset(.internalError) }
    usefulFramesSent &+= 1
    outputPending()
  }

  final func submitInformational(_ stream: HTTP2Stream, _ fields: HTTP2Fields) {
    guard let raw else { return }
    stream.informationalTemplate = fields.template
    _ = fields.withNameValues { names, count in
      nghttp2_submit_headers(raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, nil, names, count, nil)
    }
    outputPending()
  }

  final func resumeOutput(_ stream: HTTP2Stream) {
    guard let raw else { return }
    stream.outputDeferred = false
    _ = nghttp2_session_resume_data(raw, stream.id)
    outputPending()
  }

  final func submitReset(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
    guard let raw else { return }
    _ = nghttp2_submit_rst_stream(raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, code.rawValue)
    outputPending()
  }

  /// Sends a PING; the answer is `.pingAcknowledged`.
  public final func ping() {
    guard let raw else { return }
    _ = nghttp2_submit_ping(raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
    pingsUnanswered += 1
    outputPending()
  }

  /// First GOAWAY of a graceful end: asks the peer to open no more streams and refuses none yet.
  public final func announceShutdown() {
    guard let raw, role == .server else { return }
    _ = nghttp2_submit_shutdown_notice(raw)
    outputPending()
  }

  /// Second GOAWAY: streams that have not begun by now are refused. `isFinished` turns true after the last one ended.
  public final func refuseNewStreams() {
    guard let raw else { return }
    let last = nghttp2_session_get_last_proc_stream_id(raw)
    _ = nghttp2_submit_goaway(raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), last, HTTP2ErrorCode.noError.rawValue, nil, 0)
    outputPending()
  }

  /// GOAWAY with `code`, and nothing after it.
  public final func terminate(_ code: HTTP2ErrorCode) {
    guard let raw else { return }
    _ = nghttp2_session_terminate_session(raw, code.rawValue)
    outputPending()
  }

  /// nghttp2 gave up on the input. Where it has not said goodbye itself, this does: a peer shall learn why it was cut off.
  final func failed(_ code: Int) -> HTTP2Error {
    switch Int32(clamping: code) {
    case Int32(NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue): terminate(.protocolError)
    // Header blocks far above the limit end in a callback of ours.
    case Int32(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue): terminate(.enhanceYourCalm)
    case Int32(NGHTTP2_ERR_FLOODED.rawValue), Self.tooManyContinuations:
      // Whose budget is spent is an offender for the servers.
      glitches.spendAll()
      terminate(.enhanceYourCalm)
    default: terminate(.internalError)
    }
    return HTTP2Error("the peer broke HTTP/2", library: code)
  }

  /// NGHTTP2_ERR_TOO_MANY_CONTINUATIONS, which upstream's headers of this version do not have; Debian's library returns it.
  private static let tooManyContinuations: Int32 = -905

  /// The same with a word for the peer beside the code, at most 64 bytes of it. For ends that are not in a hurry: streams that run go on
  /// until the connection is closed.
  public final func announceEnd(_ code: HTTP2ErrorCode, _ text: StaticString) {
    guard let raw else { return }
    let last = nghttp2_session_get_last_proc_stream_id(raw)
    _ = nghttp2_submit_goaway(
      raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), last, code.rawValue, text.utf8Start, min(text.utf8CodeUnitCount, 64))
    outputPending()
  }

  final func noteGoaway(_ frame: nghttp2_goaway) {
    goawayCode = HTTP2ErrorCode(rawValue: frame.error_code)
    let text = UnsafeBufferPointer(start: frame.opaque_data, count: min(frame.opaque_data_len, 64))
    goawayText = String(decoding: text, as: UTF8.self)
  }

  final func grant(_ byteCount: Int, stream id: Int32) {
    guard let raw else { return }
    _ = nghttp2_session_consume_stream(raw, id, byteCount)
    outputPending()
  }

  /// The connection's window is refilled as bytes arrive, so that one slow stream does not hold up the others,
  /// but only while all of them together hold less than `bufferedBytesMax`.
  final func bytesArrived(_ byteCount: Int) {
    bufferedBytes += byteCount
    guard let raw, bufferedBytes <= configuration.bufferedBytesMax else {
      withheldBytes += byteCount
      return
    }
    _ = nghttp2_session_consume_connection(raw, byteCount)
  }

  final func bufferedBytesShrank(by byteCount: Int) {
    guard byteCount > 0 else { return }
    bufferedBytes -= byteCount
    takenBytes &+= byteCount
    guard let raw, withheldBytes > 0, bufferedBytes <= configuration.bufferedBytesMax / 2 else { return }
    _ = nghttp2_session_consume_connection(raw, withheldBytes)
    withheldBytes = 0
    outputPending()
  }
}

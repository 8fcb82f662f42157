import CNghttp2

/// The C functions through which nghttp2 reports. They only record; the session tells its streams after nghttp2 has returned.
final class SessionCallbacks: Sendable {
  nonisolated(unsafe) let raw: OpaquePointer?

  static let shared = SessionCallbacks()

  private init() {
    var callbacks: OpaquePointer?
    guard nghttp2_session_callbacks_new(&callbacks) == 0 else {
      raw = nil
      return
    }
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, context in
      guard let frame else { return 0 }
      return HTTP2Session.with(context, else: 0) { $0.headersBegan(frame) }
    }
    nghttp2_session_callbacks_set_on_header_callback(callbacks) { _, _, name, nameCount, value, valueCount, _, context in
      HTTP2Session.with(context, else: 0) { session in
        session.headerArrived(UnsafeRawBufferPointer(start: name, count: nameCount), UnsafeRawBufferPointer(start: value, count: valueCount))
      }
    }
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { raw, _, id, bytes, count, context in
      HTTP2Session.with(context, else: 0) {
        $0.dataArrived(id, UnsafeRawBufferPointer(start: bytes, count: count))
        return 0
      }
    }
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, context in
      guard let frame else { return 0 }
      return HTTP2Session.with(context, else: 0) {
        $0.frameArrived(frame)
        return 0
      }
    }
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) { _, _, code, context in
      // Streams above the limit are refused, which is no fault of a client that has not seen our settings yet.
      guard code != NGHTTP2_ERR_REFUSED_STREAM.rawValue else { return 0 }
      return HTTP2Session.with(context, else: 0) {
        $0.glitches.spend(GlitchBudget.invalidFrameCost)
        return 0
      }
    }
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, id, code, context in
      HTTP2Session.with(context, else: 0) {
        $0.streamClosed(id, HTTP2ErrorCode(rawValue: code))
        return 0
      }
    }
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, context in
      let endsStream = UInt8(NGHTTP2_FLAG_END_STREAM.rawValue)
      guard let frame, frame.pointee.hd.flags & endsStream != 0 else { return 0 }
      return HTTP2Session.with(context, else: 0) {
        $0.outputEnded(frame)
        return 0
      }
    }
    nghttp2_session_callbacks_set_send_data_callback(callbacks) { _, frame, header, count, source, context in
      let failure = Int32(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
      guard let frame, let header, let pointer = source?.pointee.ptr else { return failure }
      return HTTP2Session.with(context, else: failure) { session in
        Unmanaged<HTTP2Stream>.fromOpaque(pointer)._withUnsafeGuaranteedRef { session.sendData($0, frame, header, count) }
      }
    }
    raw = callbacks
  }

  /// The stream must stay open as long as nghttp2 may ask: the session keeps it in `live` until nghttp2 reports it closed.
  static func dataProvider(for stream: HTTP2Stream) -> nghttp2_data_provider {
    var provider = nghttp2_data_provider()
    provider.source.ptr = Unmanaged.passUnretained(stream).toOpaque()
    provider.read_callback = { raw, _, _, room, flags, source, context in
      let failure = Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
      guard let flags, let pointer = source?.pointee.ptr else { return failure }
      return HTTP2Session.with(context, else: failure) { session in
        Unmanaged<HTTP2Stream>.fromOpaque(pointer)._withUnsafeGuaranteedRef { session.readOutput($0, room, flags) }
      }
    }
    return provider
  }
}

extension HTTP2Session {
  /// The session behind a callback. Whoever called nghttp2 holds it, so it is not counted.
  @inline(__always) static func with<Result>(_ context: UnsafeMutableRawPointer?, else missing: Result, _ body: (HTTP2Session) -> Result) -> Result {
    guard let context else { return missing }
    return Unmanaged<HTTP2Session>.fromOpaque(context)._withUnsafeGuaranteedRef(body)
  }

  /// Hands the stream to `body` if it is there. Stream 0 is the connection. The session holds its streams, so this one is not counted.
  @inline(__always) private final func withStream(_ id: Int32, _ body: (HTTP2Stream) -> Void) {
    if id != recentID {
      guard let pointer = nghttp2_session_get_stream_user_data(raw, id) else { return }
      recentID = id
      recentStream = Unmanaged.fromOpaque(pointer)
    }
    recentStream?._withUnsafeGuaranteedRef(body)
  }

  final func headersBegan(_ frame: UnsafePointer<nghttp2_frame>) -> Int32 {
    let header = frame.pointee.hd
    forgetBlock()
    guard header.type == UInt8(NGHTTP2_HEADERS.rawValue) else { return 0 }
    if frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST {
      // What was sent in one go may be hundreds of requests too many.
      guard role == .client || glitches.left + chargedAhead >= 0 else { return Int32(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
      let stream = makeStream()
      attach(stream, id: header.stream_id)
      recentID = header.stream_id
      recentStream = Unmanaged.passUnretained(stream)
      _ = nghttp2_session_set_stream_user_data(raw, header.stream_id, Unmanaged.passUnretained(stream).toOpaque())
      requestBegan(stream)
    } else {
      withStream(header.stream_id) { role == .client ? responseBegan($0) : requestTrailerBegan($0) }
    }
    return 0
  }

  /// A request or a response that is none (RFC 9113 section 8.1.1).
  final func refuseMalformed(_ stream: HTTP2Stream) {
    glitches.spend(GlitchBudget.invalidFrameCost)
    guard !stream.resetSent else { return }
    stream.resetSent = true
    stream.isMalformed = true
    _ = nghttp2_submit_rst_stream(raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, HTTP2ErrorCode.protocolError.rawValue)
  }

  final func dataArrived(_ id: Int32, _ bytes: UnsafeRawBufferPointer) {
    var isTaken = false
    withStream(id) { stream in
      guard !stream.resetSent else { return }
      // After an informational response: the final one must come first.
      guard stream.headersComplete else { return refuseMalformed(stream) }
      if let owed = stream.owedBytes {
        guard bytes.count <= owed else { return refuseMalformed(stream) }
        stream.owedBytes = owed - bytes.count
      }
      isTaken = true
      takeIn(bytes, stream)
      bytesArrived(bytes.count)
      stream.events.insert(.data)
      enqueue(stream)
    }
    if !isTaken { _ = nghttp2_session_consume_connection(raw, bytes.count) }
  }

  final func frameArrived(_ frame: UnsafePointer<nghttp2_frame>) {
    let header = frame.pointee.hd
    switch header.type {
    case UInt8(NGHTTP2_HEADERS.rawValue):
      withStream(header.stream_id) { headersArrived($0, ended: header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0) }
    case UInt8(NGHTTP2_DATA.rawValue):
      let ends = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
      if ends || header.length > frame.pointee.data.padlen { glitches.giveBack(1) }
      guard ends else { return }
      withStream(header.stream_id) { stream in
        guard stream.headersComplete, stream.owedBytes ?? 0 == 0 else { return refuseMalformed(stream) }
        inputChanged(stream, ended: true)
      }
    case UInt8(NGHTTP2_PING.rawValue):
      if header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0 {
        events.insert(.pingAcknowledged)
        if pingsUnanswered > 0 { pingsUnanswered -= 1 } else { glitches.spend(GlitchBudget.strayPingCost) }
      } else {
        pingsReceived += 1
        events.insert(.pingReceived)
      }
    case UInt8(NGHTTP2_SETTINGS.rawValue):
      guard header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) == 0 else { return }
      settingsReceived = true
      events.insert(.settings)
    case UInt8(NGHTTP2_GOAWAY.rawValue):
      goawayReceived = true
      noteGoaway(frame.pointee.goaway)
      events.insert(.goaway)
    default:
      break
    }
  }

  final func streamClosed(_ id: Int32, _ code: HTTP2ErrorCode) {
    withStream(id) { stream in
      if stream.answered {
        glitches.giveBack(GlitchBudget.answeredRefund)
        answeredStreams &+= 1
      } else if role == .server {
        glitches.spend(GlitchBudget.unansweredStreamCost)
      }
      // It may end in the middle of a header block of its own.
      if arriving?.toOpaque() == Unmanaged.passUnretained(stream).toOpaque() { forgetBlock() }
      stream.closeCode = stream.isMalformed && role == .client ? .protocolError : code
      stream.events.insert(.closed)
      enqueue(stream)
    }
    recentID = 0
    recentStream = nil
  }

  // MARK: Output

  /// A server that has answered before the request ended wants no more of it (RFC 9113 section 8.1).
  final func outputEnded(_ frame: UnsafePointer<nghttp2_frame>) {
    let header = frame.pointee.hd
    guard header.type <= 1 else { return }
    withStream(header.stream_id) { stream in
      stream.answered = !stream.headers.isTruncated
      guard role == .server, configuration.resetsUnfinishedRequests, !stream.inputEnded, !stream.resetSent else { return }
      stream.resetSent = true
      _ = nghttp2_submit_rst_stream(raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), header.stream_id, HTTP2ErrorCode.noError.rawValue)
    }
  }

  final func readOutput(_ stream: HTTP2Stream, _ room: Int, _ flags: UnsafeMutablePointer<UInt32>) -> Int {
    let waiting = stream.outputBytes
    let count = min(room, waiting)
    let isLast = count == waiting && stream.outputEnd != .open
    if count == 0 && !isLast {
      stream.outputDeferred = true
      return Int(NGHTTP2_ERR_DEFERRED.rawValue)
    }
    if count > 0 { flags.pointee |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue }
    guard isLast else { return count }
    flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
    if stream.outputEnd == .trailers, let fields = stream.outputTrailers {
      flags.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
      let result = fields.withNameValues { names, count in nghttp2_submit_trailer(raw, stream.id, names, count) }
      if result != 0 { return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
    }
    return count
  }

  /// One DATA frame, straight from the stream's buffer into the connection's; large parts stay where they are.
  final func sendData(_ stream: HTTP2Stream, _ frame: UnsafePointer<nghttp2_frame>, _ header: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
    guard outboundCost < outboundLimit else { return Int32(NGHTTP2_ERR_WOULDBLOCK.rawValue) }
    // The stream may have been emptied since nghttp2 asked how much there is: then only this stream fails.
    guard stream.outputBytes >= count, frame.pointee.data.padlen == 0 else { return Int32(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
    outbound.append(header, count: 9)
    if stream.lentOutput.isEmpty, stream.output.count < Self.lentBufferBytesMin {
      stream.output.withUnsafeBytes { outbound.append(UnsafeRawBufferPointer(rebasing: $0[0..<count])) }
      stream.output.discardFirst(count)
    } else {
      moveOutput(of: stream, count)
    }
    usefulFramesSent &+= 1
    stream.sentBytes += count
    sentDataBytes &+= count
    let left = stream.outputBytes
    queuedOutputBytes += left - stream.queuedBytes
    stream.queuedBytes = left
    if count >= GlitchBudget.sentDataBytesMin || left == 0 { glitches.giveBack(GlitchBudget.sentDataRefund) }
    if stream.wantsWritable && left < configuration.outputLowWaterBytes {
      stream.wantsWritable = false
      stream.events.insert(.writable)
      enqueue(stream)
    }
    return 0
  }
}

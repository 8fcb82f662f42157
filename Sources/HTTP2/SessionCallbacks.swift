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
      guard let frame, let session = HTTP2Session.from(context) else { return 0 }
      return session.headersBegan(frame)
    }
    nghttp2_session_callbacks_set_on_header_callback(callbacks) { _, frame, name, nameCount, value, valueCount, _, context in
      guard let frame, let session = HTTP2Session.from(context) else { return 0 }
      return session.headerArrived(
        frame, UnsafeRawBufferPointer(start: name, count: nameCount), UnsafeRawBufferPointer(start: value, count: valueCount))
    }
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { raw, _, id, bytes, count, context in
      guard let session = HTTP2Session.from(context) else { return 0 }
      session.dataArrived(id, UnsafeRawBufferPointer(start: bytes, count: count))
      return 0
    }
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, context in
      guard let frame, let session = HTTP2Session.from(context) else { return 0 }
      session.frameArrived(frame)
      return 0
    }
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) { _, _, code, context in
      // Streams above the limit are refused, which is no fault of a client that has not seen our settings yet.
      guard code != NGHTTP2_ERR_REFUSED_STREAM.rawValue else { return 0 }
      HTTP2Session.from(context)?.glitches.spend(GlitchBudget.invalidFrameCost)
      return 0
    }
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, id, code, context in
      HTTP2Session.from(context)?.streamClosed(id, HTTP2ErrorCode(rawValue: code))
      return 0
    }
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, context in
      let endsStream = UInt8(NGHTTP2_FLAG_END_STREAM.rawValue)
      guard let frame, frame.pointee.hd.flags & endsStream != 0, let session = HTTP2Session.from(context) else { return 0 }
      session.outputEnded(frame)
      return 0
    }
    nghttp2_session_callbacks_set_send_data_callback(callbacks) { _, frame, header, count, source, context in
      guard let frame, let header, let pointer = source?.pointee.ptr, let session = HTTP2Session.from(context) else {
        return Int32(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
      }
      return Unmanaged<HTTP2Stream>.fromOpaque(pointer)._withUnsafeGuaranteedRef { session.sendData($0, frame, header, count) }
    }
    raw = callbacks
  }

  /// The stream must stay open as long as nghttp2 may ask: the session keeps it in `live` until nghttp2 reports it closed.
  static func dataProvider(for stream: HTTP2Stream) -> nghttp2_data_provider {
    var provider = nghttp2_data_provider()
    provider.source.ptr = Unmanaged.passUnretained(stream).toOpaque()
    provider.read_callback = { raw, _, _, room, flags, source, context in
      guard let flags, let pointer = source?.pointee.ptr, let session = HTTP2Session.from(context) else {
        return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
      }
      return Unmanaged<HTTP2Stream>.fromOpaque(pointer)._withUnsafeGuaranteedRef { session.readOutput($0, room, flags) }
    }
    return provider
  }
}

extension HTTP2Session {
  @inline(__always) static func from(_ context: UnsafeMutableRawPointer?) -> HTTP2Session? {
    context.map { Unmanaged<HTTP2Session>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Stream 0 is the connection.
  @inline(__always) private final func stream(_ id: Int32) -> HTTP2Stream? {
    if id == recentID { return recentStream?.takeUnretainedValue() }
    guard let pointer = nghttp2_session_get_stream_user_data(raw, id) else { return nil }
    let found = Unmanaged<HTTP2Stream>.fromOpaque(pointer)
    recentID = id
    recentStream = found
    return found.takeUnretainedValue()
  }

  final func headersBegan(_ frame: UnsafePointer<nghttp2_frame>) -> Int32 {
    let header = frame.pointee.hd
    guard header.type == UInt8(NGHTTP2_HEADERS.rawValue) else { return 0 }
    if frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST {
      let stream = makeStream()
      attach(stream, id: header.stream_id)
      recentID = header.stream_id
      recentStream = Unmanaged.passUnretained(stream)
      _ = nghttp2_session_set_stream_user_data(raw, header.stream_id, Unmanaged.passUnretained(stream).toOpaque())
    } else if let stream = stream(header.stream_id) {
      // After the first complete block comes the trailer; before it, another try at the response (1xx came first).
      stream.collectsTrailers = stream.headersComplete
    }
    return 0
  }

  final func headerArrived(_ frame: UnsafePointer<nghttp2_frame>, _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Int32 {
    guard let stream = stream(frame.pointee.hd.stream_id) else { return 0 }
    return stream.collectsTrailers ? add(name, value, to: &stream.trailers) : add(name, value, to: &stream.headers)
  }

  private final func add(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, to headers: inout HTTP2Headers) -> Int32 {
    headers.listByteCount += name.count + value.count + 32
    if headers.listByteCount > configuration.headerListBytesMax {
      if !headers.isTruncated { glitches.spend(GlitchBudget.oversizedHeadersCost) }
      headers.isTruncated = true
      // Decoding far past the limit only burns our time: such a peer loses its connection.
      return headers.listByteCount > 8 * configuration.headerListBytesMax ? Int32(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) : 0
    }
    headers.append(name: name, value: value)
    return 0
  }

  final func dataArrived(_ id: Int32, _ bytes: UnsafeRawBufferPointer) {
    guard let stream = stream(id), !stream.resetSent else {
      _ = nghttp2_session_consume_connection(raw, bytes.count)
      return
    }
    stream.input.append(bytes)
    bytesArrived(bytes.count)
    stream.events.insert(.data)
    enqueue(stream)
  }

  final func frameArrived(_ frame: UnsafePointer<nghttp2_frame>) {
    let header = frame.pointee.hd
    switch header.type {
    case UInt8(NGHTTP2_HEADERS.rawValue):
      guard let stream = stream(header.stream_id) else { return }
      headersArrived(stream, ended: header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0)
    case UInt8(NGHTTP2_DATA.rawValue):
      let ends = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
      if ends || header.length > frame.pointee.data.padlen { glitches.giveBack(1) }
      guard ends, let stream = stream(header.stream_id) else { return }
      stream.inputEnded = true
      stream.events.insert(.end)
      enqueue(stream)
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

  private final func headersArrived(_ stream: HTTP2Stream, ended: Bool) {
    if stream.collectsTrailers {
      stream.events.insert(.trailers)
    } else if role == .client, let status = stream.headers.status, status < 200 {
      stream.headers.removeAll()
      return
    } else {
      stream.headersComplete = true
      stream.events.insert(.headers)
    }
    if ended {
      stream.inputEnded = true
      stream.events.insert(.end)
    }
    enqueue(stream)
  }

  final func streamClosed(_ id: Int32, _ code: HTTP2ErrorCode) {
    guard let stream = stream(id) else { return }
    recentID = 0
    recentStream = nil
    if stream.answered {
      glitches.giveBack(GlitchBudget.answeredRefund)
    } else if role == .server {
      glitches.spend(GlitchBudget.unansweredStreamCost)
    }
    stream.closeCode = code
    stream.events.insert(.closed)
    enqueue(stream)
  }

  // MARK: Output

  /// A server that has answered before the request ended wants no more of it (RFC 9113 section 8.1).
  final func outputEnded(_ frame: UnsafePointer<nghttp2_frame>) {
    let header = frame.pointee.hd
    guard header.type <= 1, let stream = stream(header.stream_id) else { return }
    stream.answered = !stream.headers.isTruncated
    guard role == .server, configuration.resetsUnfinishedRequests, !stream.inputEnded, !stream.resetSent else { return }
    stream.resetSent = true
    _ = nghttp2_submit_rst_stream(raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), header.stream_id, HTTP2ErrorCode.noError.rawValue)
  }

  final func readOutput(_ stream: HTTP2Stream, _ room: Int, _ flags: UnsafeMutablePointer<UInt32>) -> Int {
    let count = min(room, stream.output.count)
    let isLast = count == stream.output.count && stream.outputEnd != .open
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

  /// One DATA frame, straight from the stream's buffer into the connection's.
  final func sendData(_ stream: HTTP2Stream, _ frame: UnsafePointer<nghttp2_frame>, _ header: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
    guard outbound.count < outboundLimit else { return Int32(NGHTTP2_ERR_WOULDBLOCK.rawValue) }
    // The stream may have been emptied since nghttp2 asked how much there is: then only this stream fails.
    guard stream.output.count >= count, frame.pointee.data.padlen == 0 else { return Int32(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
    outbound.append(header, count: 9)
    stream.output.withUnsafeBytes { outbound.append(UnsafeRawBufferPointer(rebasing: $0[0..<count])) }
    stream.output.discardFirst(count)
    usefulFramesSent &+= 1
    stream.sentBytes += count
    queuedOutputBytes += stream.output.count - stream.queuedBytes
    stream.queuedBytes = stream.output.count
    if count >= GlitchBudget.sentDataBytesMin || stream.output.isEmpty { glitches.giveBack(GlitchBudget.sentDataRefund) }
    if stream.wantsWritable && stream.output.count < configuration.outputLowWaterBytes {
      stream.wantsWritable = false
      stream.events.insert(.writable)
      enqueue(stream)
    }
    return 0
  }
}

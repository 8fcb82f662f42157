import Bytes
import CNghttp2

/// Large messages on their way in: read from the socket to where they are put together.
extension HTTP2Session {
  /// Of smaller messages several come with one read, which is worth more than not copying them.
  private static let directMessageBytesMin = 128 << 10
  /// The end of a frame comes with the beginning of the next.
  private static let directBytesMin = 2 << 10
  private static let directBytesMax = 64 << 10
  /// What the streams of one session may reserve for messages that have only begun to arrive. More grow as they come.
  fileprivate static let reservedBytesMax = 8 << 20

  /// Inside a DATA frame of a large message: where the rest of its payload belongs, so that it can be read to there. Nil elsewhere.
  ///
  /// Valid until this session is told anything. Hand what was read to `receivePayload`.
  public final func payloadTarget() -> UnsafeMutableRawBufferPointer? {
    let left = scanner.payloadLeft
    guard left >= Self.directBytesMin, let raw, let pointer = nghttp2_session_get_stream_user_data(raw, scanner.dataStream) else { return nil }
    return Unmanaged<HTTP2Stream>.fromOpaque(pointer)._withUnsafeGuaranteedRef { stream in
      guard stream.expectedBytes >= Self.directMessageBytesMin, !stream.resetSent else { return nil }
      let count = min(left, Self.directBytesMax)
      return UnsafeMutableRawBufferPointer(start: stream.reserveInput(count), count: count)
    }
  }

  /// `receive` for bytes that were read to `payloadTarget`.
  public final func receivePayload(_ bytes: UnsafeRawBufferPointer) throws(HTTP2Error) {
    isReceivingPayload = true
    defer { isReceivingPayload = false }
    try receive(bytes)
  }

  /// Bytes of a stream's payload: taken where they stand, or copied.
  @inline(__always) final func takeIn(_ bytes: UnsafeRawBufferPointer, _ stream: HTTP2Stream) {
    if isReceivingPayload, stream.input.commit(inPlace: bytes) { return }
    if stream.expectedBytes > 0 { _ = stream.reserveInput(bytes.count) }
    stream.input.append(bytes)
  }
}

extension HTTP2Stream {
  /// Says that `input` will be so long, so that room for all of it is made at once; or 0: it was taken. The caller has checked the number.
  public final func expectInput(_ byteCount: Int) {
    expectedBytes = byteCount
    guard byteCount == 0 else { return }
    if reservedBytes > 0 { owner?._withUnsafeGuaranteedRef { giveBackReservation(in: $0) } }
    // Nobody counts the room of what was taken.
    if input.isEmpty { input.clear() }
  }

  final func giveBackReservation(in session: HTTP2Session) {
    session.reservedInputBytes -= reservedBytes
    reservedBytes = 0
  }

  /// Room for `byteCount` more bytes of input, and for all that are expected.
  final func reserveInput(_ byteCount: Int) -> UnsafeMutableRawPointer {
    let missing = expectedBytes - input.count
    guard missing > byteCount, reservedBytes == 0 else { return input.reserve(byteCount) }
    return owner?._withUnsafeGuaranteedRef { session -> UnsafeMutableRawPointer in
      guard session.reservedInputBytes + missing <= HTTP2Session.reservedBytesMax else { return input.reserve(byteCount) }
      session.reservedInputBytes += missing
      reservedBytes = missing
      return input.reserve(missing)
    } ?? input.reserve(byteCount)
  }
}

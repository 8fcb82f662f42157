/// What HTTP asks of a response's fields (RFC 9113 section 8, RFC 9110), judged one by one as they arrive. The counterpart of `RequestRules`, for
/// clients: with the outcomes of nghttp2, whose own rules are switched off (`SessionOptions`).
///
/// All requests of this module's clients have a method whose response may have a body: neither HEAD nor CONNECT.
struct ResponseRules: BitwiseCopyable {
  enum Verdict {
    case accepted
    /// The field is left out: a regular one whose bytes are not allowed, or one that means nothing there.
    case ignored
    /// The stream must be reset with PROTOCOL_ERROR.
    case refused
  }

  private let isTrailer: Bool
  /// A field that is no pseudo-header field has come: none of those may follow.
  private var hasRegular = false
  private(set) var status: Int?
  /// Of `content-length`; nil where there is none.
  private(set) var contentLength: Int?

  /// - Parameter isTrailer: the block comes after the body.
  init(isTrailer: Bool) { self.isTrailer = isTrailer }

  /// An informational response: the final one is still to come.
  var isInformational: Bool { status.map { $0 / 100 == 1 } ?? false }

  /// How long the body must be; nil where anything goes.
  var bodyBytes: Int? { status == 204 || status == 304 ? 0 : contentLength }

  mutating func judge(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Verdict {
    if name.first == UInt8(ascii: ":") { return judgePseudo(name, value) }
    hasRegular = true
    guard FieldText.isName(name), !name.isEmpty else { return name.contains { $0 &- 0x41 < 26 } ? .refused : .ignored }
    guard FieldText.isValue(value) else { return .ignored }
    switch name.count {
    case 2 where name == "te": return FieldText.equalsIgnoringCase(value, "trailers") ? .accepted : .refused
    case 14 where name == "content-length": return judgeLength(value)
    default: return FieldText.isOfConnection(name) ? .refused : .accepted
    }
  }

  /// The only one that a response has.
  private mutating func judgePseudo(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Verdict {
    guard !isTrailer, !hasRegular, name == ":status", status == nil, value.count == 3, let number = FieldText.number(value), number != 101 else {
      return .refused
    }
    status = number
    return .accepted
  }

  private mutating func judgeLength(_ value: UnsafeRawBufferPointer) -> Verdict {
    // After the body it announces nothing.
    if isTrailer { return .ignored }
    guard !isInformational, contentLength == nil, let length = FieldText.number(value) else { return .refused }
    contentLength = length
    guard status == 204 else { return .accepted }
    return length == 0 ? .ignored : .refused
  }
}

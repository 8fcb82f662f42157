import HTTP2

/// What a `content-type` says of a message's format (PROTOCOL-HTTP2.md: `application/grpc`, then nothing or `+proto`, or another format).
enum MediaType {
  /// protobuf, which is all that this runtime speaks.
  case grpc
  /// gRPC with messages in another format, such as `application/grpc+json`.
  case otherFormat
  case notGRPC

  init(_ value: UnsafeRawBufferPointer) {
    guard value.count >= 16, UnsafeRawBufferPointer(rebasing: value[..<16]) == "application/grpc" else {
      self = .notGRPC
      return
    }
    // Nearly always there is nothing more.
    if value.count == 16 {
      self = .grpc
      return
    }
    let rest = value.dropFirst(16).prefix { $0 != UInt8(ascii: ";") }
    if rest.isEmpty || rest.elementsEqual("+proto".utf8) {
      self = .grpc
    } else {
      self = rest.first == UInt8(ascii: "+") ? .otherFormat : .notGRPC
    }
  }
}

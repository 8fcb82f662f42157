import Bytes

/// `google.rpc.Status` as it travels in `grpc-status-details-bin`: code = 1, message = 2, details = 3 (`google.protobuf.Any`).
enum StatusDetailsCoding {
  static func encode(_ error: RPCError) -> String {
    var buffer = ByteBuffer()
    WireWriter.varint(UInt64(UInt32(bitPattern: error.code.rawValue)), field: 1, into: &buffer)
    WireWriter.string(error.message, field: 2, into: &buffer)
    for detail in error.details {
      WireWriter.message(field: 3, into: &buffer) { any in
        WireWriter.string(detail.typeURL, field: 1, into: &any)
        WireWriter.bytes(detail.value, field: 2, into: &any)
      }
    }
    return WireBase64.encode(buffer.array)
  }

  /// The details in `text`, or none if it is malformed: the status itself came in headers of its own and still counts.
  static func decode(_ text: some Collection<UInt8>) -> [StatusDetail] {
    guard let bytes = WireBase64.decode(text) else { return [] }
    return bytes.withUnsafeBytes { (try? details(in: $0)) ?? [] }
  }

  private static func details(in bytes: UnsafeRawBufferPointer) throws(WireReader.Malformed) -> [StatusDetail] {
    var details: [StatusDetail] = []
    var reader = WireReader(bytes)
    while let field = try reader.next() {
      guard field.number == 3, let any = field.bytes else { continue }
      var detail = StatusDetail(typeURL: "", value: [])
      var inner = WireReader(any)
      while let part = try inner.next() {
        if part.number == 1 { detail.typeURL = try part.string() }
        if part.number == 2, let value = part.bytes { detail.value = [UInt8](value) }
      }
      details.append(detail)
    }
    return details
  }
}

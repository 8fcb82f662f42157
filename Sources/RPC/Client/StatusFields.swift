import HTTP2

/// Reads a call's status from the block of fields that ends it.
enum StatusFields {
  /// Nil for OK.
  static func status(in fields: HTTP2Headers) -> RPCError? {
    if fields.withFirst("grpc-status", { $0 == "0" }) ?? false { return nil }
    guard let text = fields["grpc-status"] else { return RPCError(.unknown, "the server ended the call without a grpc-status") }
    guard let number = Int32(text) else { return RPCError(.unknown, "the server sent a malformed grpc-status") }
    if number == 0 { return nil }
    let message = fields.withFirst("grpc-message") { StatusText.decode($0) } ?? ""
    let details = fields.withFirst("grpc-status-details-bin") { StatusDetailsCoding.decode($0) } ?? []
    return RPCError(StatusCode(rawValue: number) ?? .unknown, message, details: details, metadata: Metadata(fields))
  }
}

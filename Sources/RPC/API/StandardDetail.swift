/// One of google.rpc's standard messages about an error (google/rpc/error_details.proto): clients of any language can read them.
public protocol StandardDetail: Sendable, Equatable {
  /// `type.googleapis.com/google.rpc.…`
  static var typeURL: String { get }
  /// The serialized message.
  var encoded: [UInt8] { get }
  /// Nil where the bytes are not such a message.
  init?(encoded bytes: [UInt8])
}

extension StatusDetail {
  public init(_ detail: some StandardDetail) {
    self.init(typeURL: type(of: detail).typeURL, value: detail.encoded)
  }
}

extension RPCError {
  /// The first detail of this type that can be read, e.g. `error.detail(BadRequest.self)?.fieldViolations`.
  public func detail<Detail: StandardDetail>(_: Detail.Type) -> Detail? {
    for detail in details where detail.typeURL == Detail.typeURL {
      if let read = Detail(encoded: detail.value) { return read }
    }
    return nil
  }

  /// The same error with one more detail.
  public func with(_ detail: some StandardDetail) -> RPCError {
    var error = self
    error.details.append(StatusDetail(detail))
    return error
  }
}

/// One structured detail of an error: a `google.protobuf.Any`. All of them travel as a `google.rpc.Status` in `grpc-status-details-bin`.
public struct StatusDetail: Sendable, Equatable {
  /// For example `type.googleapis.com/google.rpc.ErrorInfo`.
  public var typeURL: String
  /// The serialized message.
  public var value: [UInt8]

  public init(typeURL: String, value: [UInt8]) {
    self.typeURL = typeURL
    self.value = value
  }
}

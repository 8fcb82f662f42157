/// The limits of calls, the same kind for both sides.
public struct RPCLimits: Sendable {
  /// One received message, after decompression. gRPC's usual 4 MiB.
  public var receivedMessageBytesMax = 4 << 20
  /// One message to be sent, before compression.
  public var sentMessageBytesMax = 64 << 20
  /// A writer waits while more than this is queued on its stream.
  public var queuedOutputBytesMax = 64 << 10
  /// Messages smaller than this are sent as they are even on a compressed call.
  public var compressedMessageBytesMin = 1 << 10

  public init() {}
}

/// What a caller may choose for one call.
public struct CallOptions: Sendable {
  /// How long the call may take, in milliseconds. Nil: only the deadline of the call that is being served, or the channel's default.
  /// A call made while another is served never outlives that one's deadline.
  public var timeoutMilliseconds: UInt64?
  public var metadata: Metadata
  /// Wait for a connection up to the deadline instead of failing with UNAVAILABLE while the server cannot be reached.
  public var waitForReady: Bool
  /// Compress the request messages with gzip.
  public var compressed: Bool
  /// Filled with the response's metadata. For one call at a time.
  public var receipt: CallReceipt?
  /// How this call is repeated; nil: as the channel's configuration says.
  public var retry: RetryPolicy?

  public init(
    timeoutMilliseconds: UInt64? = nil, metadata: Metadata = Metadata(), waitForReady: Bool = false, compressed: Bool = false,
    receipt: CallReceipt? = nil, retry: RetryPolicy? = nil
  ) {
    self.timeoutMilliseconds = timeoutMilliseconds
    self.metadata = metadata
    self.waitForReady = waitForReady
    self.compressed = compressed
    self.receipt = receipt
    self.retry = retry
  }
}

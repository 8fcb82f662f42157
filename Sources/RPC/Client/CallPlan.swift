import EventLoops
import HTTP2

/// What is settled about a call before its first attempt. Public only for code specialised across modules.
public struct CallPlan {
  @usableFromInline let method: MethodDescriptor
  let compressed: Bool
  let receipt: CallReceipt?
  private let metadata: Metadata
  @usableFromInline let startedNanoseconds: UInt64
  let counts: RPCMethodStatistics?
  /// CLOCK_MONOTONIC; the earliest of the call's own time-out and the deadline of the call being served.
  let deadlineNanoseconds: UInt64?
  private let inherited: Metadata
  let waitForReady: Bool
  @usableFromInline let retry: RetryPolicy?

  /// - Parameter isBound: false for a call that may last as long as its connection.
  init(_ method: MethodDescriptor, _ options: CallOptions, _ channel: RPCChannel, isBound: Bool = true) throws(RPCError) {
    self.method = method
    compressed = options.compressed
    receipt = options.receipt
    metadata = options.metadata
    let now = channel.loop.nowNanoseconds
    startedNanoseconds = now
    counts = channel.counts(method)
    let context = RPCContext.current
    inherited = context?.metadata ?? Metadata()
    let configured = channel.configuration.service.configuration(for: method)
    waitForReady = options.waitForReady || configured?.waitForReady ?? false
    retry = options.retry ?? configured?.retry
    var timeout = options.timeoutMilliseconds
    if isBound, let longest = configured?.timeoutMilliseconds { timeout = min(timeout ?? longest, longest) }
    if isBound && timeout == nil && context?.deadlineNanoseconds == nil { timeout = channel.configuration.defaultTimeoutMilliseconds }
    let own = timeout.map { now &+ min($0, 1 << 40) &* 1_000_000 }
    let passedOn = context?.deadlineNanoseconds
    deadlineNanoseconds = if let own, let passedOn { min(own, passedOn) } else { own ?? passedOn }
    if let deadlineNanoseconds, deadlineNanoseconds <= now {
      throw RPCError(.deadlineExceeded, "the deadline had passed before the call began")
    }
    if let key = options.metadata.firstInvalidKey {
      throw RPCError(.internalError, "the metadata key \(key.prefix(64)) or its value is not allowed in gRPC")
    }
  }

  /// The request's headers, valid until the next call's are asked for unless `forLater`. `previousAttempts`: those that a retry policy repeated.
  func fields(_ channel: RPCChannel, previousAttempts: Int, forLater: Bool = false) -> HTTP2Fields {
    let fields = forLater ? channel.requestFields.make(method) : channel.requestFields.begin(method)
    if let deadlineNanoseconds {
      let now = channel.loop.nowNanoseconds
      TimeoutText.withEncoded(nanoseconds: deadlineNanoseconds > now ? deadlineNanoseconds - now : 1) {
        fields.addUnindexed("grpc-timeout", $0)
      }
    }
    if compressed { fields.add("grpc-encoding", "gzip") }
    if previousAttempts > 0 { fields.add("grpc-previous-rpc-attempts", String(previousAttempts)) }
    if !metadata.entries.isEmpty { metadata.append(to: fields) }
    for entry in inherited.entries where !metadata.contains(entry.key) {
      var one = Metadata()
      one.add(entry.key, entry.value)
      one.append(to: fields)
    }
    return fields
  }
}

/// What calls made while serving something take over from it: the deadline and a few metadata keys.
///
/// Set for every handler of an `RPCServer`. A gateway that serves something else sets it with `RPCContext.$current.withValue`.
public struct RPCContext: Sendable {
  @TaskLocal public static var current: RPCContext?

  /// CLOCK_MONOTONIC; nil for none.
  public var deadlineNanoseconds: UInt64?
  private let served: ServerContext?
  private let own: Metadata

  /// - Parameters:
  ///   - deadlineNanoseconds: CLOCK_MONOTONIC, as `EventLoop.nowNanoseconds` counts; nil for none.
  ///   - metadata: goes with every onward call that does not set the same key itself.
  public init(deadlineNanoseconds: UInt64?, metadata: Metadata = Metadata()) {
    self.deadlineNanoseconds = deadlineNanoseconds
    served = nil
    own = metadata
  }

  init(serving context: ServerContext) {
    deadlineNanoseconds = context.deadlineNanoseconds
    served = context
    own = Metadata()
  }

  /// What goes onward with every call.
  public var metadata: Metadata {
    guard let served else { return own }
    var onward = Metadata()
    for key in served.forwardedKeys {
      for value in served.metadata.all(key) { onward.add(key, value) }
    }
    return onward
  }
}

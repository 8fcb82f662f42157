/// What calls made while serving something take over from it: the deadline, the trace and a few metadata keys.
///
/// Set for every handler of an `RPCServer`. A gateway that serves something else sets it with `RPCContext.$current.withValue`.
public struct RPCContext: Sendable {
  @TaskLocal public static var current: RPCContext?

  /// The call that a task serves. One for each task that runs handlers, bound once: calls come and go in it.
  final class Serving: @unchecked Sendable {
    var context: ServerContext?
  }

  private let serving: Serving?
  private let ownDeadline: UInt64?
  private let own: Metadata
  private let ownTrace: TraceContext?

  static let requestIDKey = "jetty-request-id"
  private static let traceParentKey = "traceparent"
  private static let traceStateKey = "tracestate"

  /// - Parameters:
  ///   - deadlineNanoseconds: CLOCK_MONOTONIC, as `EventLoop.nowNanoseconds` counts; nil for none.
  ///   - metadata: goes with every onward call that does not set the same key itself.
  ///   - trace: where we are in the trace; goes with every onward call too.
  public init(deadlineNanoseconds: UInt64?, metadata: Metadata = Metadata(), trace: TraceContext? = nil) {
    serving = nil
    ownDeadline = deadlineNanoseconds
    own = metadata
    ownTrace = trace
  }

  init(_ serving: Serving) {
    self.serving = serving
    ownDeadline = nil
    own = Metadata()
    ownTrace = nil
  }

  private var served: ServerContext? { serving?.context }

  /// CLOCK_MONOTONIC; nil for none.
  public var deadlineNanoseconds: UInt64? { served?.deadlineNanoseconds ?? ownDeadline }

  /// What goes onward with every call.
  public var metadata: Metadata {
    guard let served else {
      guard let ownTrace else { return own }
      var onward = own
      Self.add(ownTrace, to: &onward)
      return onward
    }
    var onward = Metadata()
    for key in served.forwardedKeys {
      switch key {
      case Self.traceParentKey: Self.add(served.trace, to: &onward)
      case Self.traceStateKey: break
      default: for value in served.metadata.all(key) { onward.add(key, value) }
      }
    }
    return onward
  }

  /// Where we are in the trace.
  public var trace: TraceContext? { served?.trace ?? ownTrace }

  /// What the gateway calls the request that all this is done for; nil where nobody named it, or by no usable name.
  public var requestID: String? { served?.requestID ?? own[Self.requestIDKey].flatMap { Self.isRequestID($0) ? $0 : nil } }

  /// 1 to 64 letters, digits, `-`, `_`.
  public static func isRequestID(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
        default: false
        }
      }
  }

  private static func add(_ trace: TraceContext, to metadata: inout Metadata) {
    metadata[traceParentKey] = trace.parent
    if let state = trace.state { metadata[traceStateKey] = state }
  }
}

import Bytes
import RPC

extension RPCError {
  /// The domain of the reasons, in google.rpc.ErrorInfo.
  public static let problemDomain = "jetty"
  static let problemTypeURL = "type.googleapis.com/jetty.v1.Problem"

  /// An error with a `Problem` for programs to read: `reason` is a stable upper-case word, `field` a JSON path.
  /// `message` is one sentence that is safe to show to the caller.
  ///
  /// Beside the Problem travel google.rpc's standard details, for clients that know nothing of ours: ErrorInfo always, BadRequest with
  /// INVALID_ARGUMENT for a field, RetryInfo with UNAVAILABLE, with RESOURCE_EXHAUSTED, and where a pause is named.
  public static func problem(
    _ code: StatusCode, reason: String, field: String = "", message: String, incomplete: IncompleteUpload? = nil, budget: BudgetTooSmall? = nil,
    retryAfterSeconds: UInt32 = 0
  ) -> RPCError {
    let detail = Problem(reason: reason, field: field, incomplete: incomplete, budget: budget, retryAfterSeconds: retryAfterSeconds)
    var buffer = ByteBuffer()
    // A Problem has no text that could be refused and is far below any limit; without its detail the error would still stand.
    guard (try? detail.encode(into: &buffer)) != nil else { return RPCError(code, message) }
    var error = RPCError(code, message, details: [StatusDetail(typeURL: problemTypeURL, value: buffer.array)])
      .with(ErrorInfo(reason: reason, domain: problemDomain))
    if code == .invalidArgument, !field.isEmpty { error = error.with(BadRequest(field: field, message)) }
    if code == .unavailable || code == .resourceExhausted || retryAfterSeconds > 0 {
      error = error.with(RetryInfo(retryDelayMilliseconds: UInt64(max(retryAfterSeconds, 1)) * 1_000))
    }
    return error
  }

  /// The `Problem` that travelled with this error, if there is one that can be read.
  public var problem: Problem? {
    guard let detail = details.first(where: { $0.typeURL == RPCError.problemTypeURL }) else { return nil }
    return detail.value.withUnsafeBytes { try? Problem(wire: $0) }
  }
}

import Bytes
import RPC

extension RPCError {
  static let problemTypeURL = "type.googleapis.com/jetty.v1.Problem"

  /// An error with a `Problem` for programs to read: `reason` is a stable upper-case word, `field` a JSON path.
  /// `message` is one sentence that is safe to show to the caller.
  public static func problem(
    _ code: StatusCode, reason: String, field: String = "", message: String, incomplete: IncompleteUpload? = nil, budget: BudgetTooSmall? = nil,
    retryAfterSeconds: UInt32 = 0
  ) -> RPCError {
    let detail = Problem(reason: reason, field: field, incomplete: incomplete, budget: budget, retryAfterSeconds: retryAfterSeconds)
    var buffer = ByteBuffer()
    // A Problem has no text that could be refused and is far below any limit; without its detail the error would still stand.
    guard (try? detail.encode(into: &buffer)) != nil else { return RPCError(code, message) }
    return RPCError(code, message, details: [StatusDetail(typeURL: problemTypeURL, value: buffer.array)])
  }

  /// The `Problem` that travelled with this error, if there is one that can be read.
  public var problem: Problem? {
    guard let detail = details.first(where: { $0.typeURL == RPCError.problemTypeURL }) else { return nil }
    return detail.value.withUnsafeBytes { try? Problem(wire: $0) }
  }
}

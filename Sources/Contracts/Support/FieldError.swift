import JSON
import RPC

/// A field that breaks a rule of its contract.
struct FieldError: Error {
  /// JSON path from the message that is checked.
  var path: String
  /// To be read after the path: `must be at least 0`.
  var problem: String

  init(_ path: String, _ problem: String) {
    self.path = path
    self.problem = problem
  }

  /// The same error as seen from the message that holds this one in `field`.
  func inside(_ field: StaticString) -> FieldError { FieldError("\(field).\(path)", problem) }
  /// An empty path is the item itself.
  func inside(_ field: StaticString, _ index: Int) -> FieldError {
    FieldError(path.isEmpty ? "\(field)[\(index)]" : "\(field)[\(index)].\(path)", problem)
  }
}

extension RPCError {
  /// INVALID_ARGUMENT for one field: the JSON path and, to be read after it, what is wrong ("must be at least 0").
  public static func field(_ path: String, _ problem: String) -> RPCError { RPCError(FieldError(path, problem)) }

  init(_ error: FieldError) {
    self = .problem(.invalidArgument, reason: "INVALID_FIELD", field: error.path, message: "\(error.path) \(error.problem)")
  }

  /// INVALID_ARGUMENT for a JSON text that is malformed or whose values are not what the contract says.
  public init(_ error: JSONError) {
    self = .problem(
      .invalidArgument, reason: error.path.isEmpty ? "INVALID_JSON" : "INVALID_FIELD", field: error.path, message: error.description)
  }
}

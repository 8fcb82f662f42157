/// What a server says about when a call may be repeated (`grpc-retry-pushback-ms`).
public enum RetryPushback: Sendable, Equatable {
  case never
  case afterMilliseconds(UInt64)

  /// What is not a number that makes sense means: not at all.
  init(_ text: String) {
    if let pause = Int64(text), pause >= 0 { self = .afterMilliseconds(UInt64(pause)) } else { self = .never }
  }

  var text: String {
    switch self {
    case .never: "-1"
    case .afterMilliseconds(let pause): "\(min(pause, UInt64(Int64.max)))"
    }
  }
}

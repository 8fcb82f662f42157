import CLinux
import CUV

/// A system call or libuv failed.
public struct SystemError: Error, Sendable, CustomStringConvertible {
  /// The errno value, positive.
  public let code: Int32
  /// What was tried, as a verb phrase: "connect to 10.0.0.1:80".
  public let action: String

  public init(errno code: Int32, doing action: String) {
    self.code = code
    self.action = action
  }

  /// libuv gives negative errno values on Linux.
  init(uv status: Int32, doing action: String) {
    self.init(errno: -status, doing: action)
  }

  public var reason: String {
    guard let text = uv_strerror(-code) else { return "error \(code)" }
    return String(cString: text)
  }

  public var description: String { "could not \(action): \(reason)" }
}

/// Something took longer than it was allowed to.
public struct TimeoutError: Error, Sendable, CustomStringConvertible {
  public let milliseconds: UInt64

  public init(milliseconds: UInt64) { self.milliseconds = milliseconds }

  public var description: String { "no answer within \(milliseconds) ms" }
}

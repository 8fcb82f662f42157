import COpenSSL

/// OpenSSL refused something. The text is for operators: it may name files.
public struct TLSError: Error, Sendable, Equatable, CustomStringConvertible {
  public let description: String

  init(message: String) { description = message }

  /// Takes what is in this thread's OpenSSL error queue.
  init(doing action: String) { description = "could not \(action): \(TLSError.drainQueue())" }

  static func drainQueue() -> String {
    var reasons: [String] = []
    while reasons.count < 8 {
      let code = ERR_get_error()
      guard code != 0 else { break }
      if let reason = ERR_reason_error_string(code) { reasons.append(String(cString: reason)) } else { reasons.append("error \(code)") }
    }
    ERR_clear_error()
    return reasons.isEmpty ? "no reason given" : reasons.joined(separator: ", ")
  }
}

import COpenSSL

/// A failure of the cryptographic library, or key material that it does not take.
public struct CryptoError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What was being done, and OpenSSL's own reason where it gave one. Never holds key material.
  public let description: String

  init(_ action: String) {
    var text = action
    let code = ERR_get_error()
    if code != 0 {
      var buffer = [CChar](repeating: 0, count: 160)
      ERR_error_string_n(code, &buffer, buffer.count)
      let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      text += ": " + String(decoding: bytes, as: UTF8.self)
    }
    // The queue is per thread: what is left in it would be reported for somebody else's failure.
    ERR_clear_error()
    description = text
  }
}

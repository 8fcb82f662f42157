import COpenSSL

/// HMAC-SHA-256 (RFC 2104).
public enum HMACSHA256 {
  /// Bytes of an authentication code.
  public static let codeByteCount = SHA256.digestByteCount

  /// The code (32 bytes) of `message` under `key`; a key of any length, the empty one included.
  public static func code(for message: [UInt8], key: [UInt8]) -> [UInt8] {
    // HMAC() takes a null key pointer for "the key of last time", so an empty key needs an address.
    let keyBytes = key.isEmpty ? [0] : key
    return [UInt8](unsafeUninitializedCapacity: codeByteCount) { buffer, count in
      let done = HMAC(EVP_sha256(), keyBytes, Int32(clamping: key.count), message, message.count, buffer.baseAddress, nil)
      precondition(done != nil, "HMAC-SHA-256 failed")
      count = codeByteCount
    }
  }

  /// The code (32 bytes) of a text's UTF-8 under `key`.
  public static func code(for message: String, key: [UInt8]) -> [UInt8] {
    code(for: Array(message.utf8), key: key)
  }

  /// Whether `code` is the code of `message` under `key`, in a time that does not tell where they differ.
  public static func isValid(_ code: [UInt8], for message: [UInt8], key: [UInt8]) -> Bool {
    constantTimeEqual(code, Self.code(for: message, key: key))
  }
}

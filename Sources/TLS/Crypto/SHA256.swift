import COpenSSL

/// SHA-256 (FIPS 180-4) over bytes that arrive in pieces. One owner, one thread at a time.
///
///     var hash = SHA256()
///     hash.update(piece)
///     let digest = hash.finish()   // 32 bytes
public struct SHA256: ~Copyable, @unchecked Sendable {
  /// Bytes of a digest.
  public static let digestByteCount = 32

  // An explicit fetch, once: EVP_sha256() would look the implementation up again for each digest.
  nonisolated(unsafe) private static let algorithm: OpaquePointer = {
    guard let found = EVP_MD_fetch(nil, "SHA256", nil) else { preconditionFailure("this OpenSSL has no SHA-256") }
    return found
  }()

  private let context: OpaquePointer

  public init() {
    guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, Self.algorithm, nil) == 1 else {
      preconditionFailure("no memory for a digest context")
    }
    self.context = context
  }

  deinit { EVP_MD_CTX_free(context) }

  /// Adds bytes. About 4 ms per MiB without SHA instructions: on a loop, feed slices of 1 MiB or less.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress, bytes.count > 0 else { return }
    EVP_DigestUpdate(context, base, bytes.count)
  }

  /// Adds bytes.
  public mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { update($0) }
  }

  /// The digest (32 bytes) of what came so far; the instance starts afresh.
  public mutating func finish() -> [UInt8] {
    let digest = [UInt8](unsafeUninitializedCapacity: Self.digestByteCount) { buffer, count in
      EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
      count = Self.digestByteCount
    }
    EVP_DigestInit_ex(context, Self.algorithm, nil)
    return digest
  }

  /// The digest (32 bytes) of one piece.
  public static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finish()
  }

  /// The digest (32 bytes) of one piece.
  public static func hash(_ bytes: [UInt8]) -> [UInt8] {
    bytes.withUnsafeBytes { hash($0) }
  }

  /// The digest (32 bytes) of a text's UTF-8.
  public static func hash(_ text: String) -> [UInt8] {
    hash(Array(text.utf8))
  }
}

import COpenSSL

/// Owns one Ed25519 `EVP_PKEY`. Nothing changes it after it is made, so threads may share it.
final class PKey: @unchecked Sendable {
  let raw: OpaquePointer

  init(owning raw: OpaquePointer) { self.raw = raw }

  deinit { EVP_PKEY_free(raw) }

  /// Reads a PEM text with one of OpenSSL's readers and requires an Ed25519 key.
  static func read(pem: String, what: String, by reader: (OpaquePointer) -> OpaquePointer?) throws(CryptoError) -> PKey {
    let bytes = Array(pem.utf8)
    guard bytes.count <= Ed25519.pemBytesMax else { throw CryptoError("the PEM text of an \(what) is over \(Ed25519.pemBytesMax) bytes") }
    // The BIO points into `bytes`, so it lives and dies inside the closure.
    let raw = bytes.withUnsafeBytes { buffer -> OpaquePointer? in
      guard let bio = BIO_new_mem_buf(buffer.baseAddress, Int32(buffer.count)) else { return nil }
      defer { BIO_free(bio) }
      return reader(bio)
    }
    guard let raw else { throw CryptoError("this is not the PEM text of an \(what)") }
    let key = PKey(owning: raw)
    guard EVP_PKEY_get_id(raw) == EVP_PKEY_ED25519 else { throw CryptoError("the PEM text holds a key, but not an \(what)") }
    return key
  }

  /// The PEM text that one of OpenSSL's writers makes.
  static func write(_ writer: (OpaquePointer) -> Int32) -> String {
    guard let bio = BIO_new(BIO_s_mem()) else { preconditionFailure("no memory for a PEM text") }
    defer { BIO_free(bio) }
    precondition(writer(bio) == 1, "cannot write a key as PEM")
    var bytes = [UInt8](repeating: 0, count: Ed25519.pemBytesMax)
    let count = BIO_read(bio, &bytes, Int32(bytes.count))
    return String(decoding: bytes.prefix(Int(max(count, 0))), as: UTF8.self)
  }
}

import COpenSSL

/// Ed25519 signatures (RFC 8032): deterministic, 64 bytes, keys of 32 bytes.
public enum Ed25519 {
  /// Bytes of a signature.
  public static let signatureByteCount = 64
  /// Bytes of a raw private or public key.
  public static let keyByteCount = 32
  /// PEM texts longer than this are refused.
  public static let pemBytesMax = 4096

  /// Signs. Immutable, so any thread may use it.
  public struct PrivateKey: Sendable {
    private let key: PKey

    /// A new random key.
    public static func generate() -> PrivateKey {
      do {
        return try PrivateKey(rawRepresentation: randomBytes(keyByteCount))
      } catch {
        preconditionFailure("this OpenSSL has no Ed25519: \(error)")
      }
    }

    /// The key of 32 bytes (the seed of RFC 8032).
    public init(rawRepresentation bytes: [UInt8]) throws(CryptoError) {
      guard bytes.count == keyByteCount else { throw CryptoError("an Ed25519 private key has 32 bytes, this one has \(bytes.count)") }
      guard let raw = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, bytes, bytes.count) else {
        throw CryptoError("cannot make an Ed25519 private key")
      }
      key = PKey(owning: raw)
    }

    /// An unencrypted PKCS #8 text (`-----BEGIN PRIVATE KEY-----`).
    public init(pem: String) throws(CryptoError) {
      key = try PKey.read(pem: pem, what: "Ed25519 private key") { PEM_read_bio_PrivateKey($0, nil, refusePassphrase, nil) }
    }

    /// PKCS #8, unencrypted: keep it in a file that only the service can read.
    public var pem: String {
      PKey.write { PEM_write_bio_PrivateKey($0, key.raw, nil, nil, 0, nil, nil) }
    }

    /// The key that checks this one's signatures.
    public var publicKey: PublicKey { PublicKey(key: key) }

    /// The signature (64 bytes) of `message`.
    public func sign(_ message: [UInt8]) -> [UInt8] {
      guard let context = EVP_MD_CTX_new() else { preconditionFailure("no memory for a signature context") }
      defer { EVP_MD_CTX_free(context) }
      return [UInt8](unsafeUninitializedCapacity: signatureByteCount) { buffer, count in
        var written = signatureByteCount
        // The key was checked when it was made and the buffer has the one size there is.
        let done =
          EVP_DigestSignInit(context, nil, nil, nil, key.raw) == 1
          && EVP_DigestSign(context, buffer.baseAddress, &written, message, message.count) == 1
        precondition(done && written == signatureByteCount, "Ed25519 signing failed")
        count = written
      }
    }
  }

  /// Checks signatures. Immutable, so any thread may use it.
  public struct PublicKey: Sendable, Equatable {
    private let key: PKey

    fileprivate init(key: PKey) { self.key = key }

    /// The key of 32 bytes.
    public init(rawRepresentation bytes: [UInt8]) throws(CryptoError) {
      guard bytes.count == keyByteCount else { throw CryptoError("an Ed25519 public key has 32 bytes, this one has \(bytes.count)") }
      guard let raw = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, bytes.count) else {
        throw CryptoError("cannot make an Ed25519 public key")
      }
      key = PKey(owning: raw)
    }

    /// A SubjectPublicKeyInfo text (`-----BEGIN PUBLIC KEY-----`).
    public init(pem: String) throws(CryptoError) {
      key = try PKey.read(pem: pem, what: "Ed25519 public key") { PEM_read_bio_PUBKEY($0, nil, refusePassphrase, nil) }
    }

    /// SubjectPublicKeyInfo.
    public var pem: String {
      PKey.write { PEM_write_bio_PUBKEY($0, key.raw) }
    }

    /// The 32 bytes of the key.
    public var rawRepresentation: [UInt8] {
      [UInt8](unsafeUninitializedCapacity: keyByteCount) { buffer, count in
        var written = keyByteCount
        EVP_PKEY_get_raw_public_key(key.raw, buffer.baseAddress, &written)
        count = written
      }
    }

    /// Whether `signature` is this key's for `message`. A signature of a wrong length is simply not valid.
    public func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
      guard signature.count == signatureByteCount, let context = EVP_MD_CTX_new() else { return false }
      defer {
        EVP_MD_CTX_free(context)
        ERR_clear_error()
      }
      return EVP_DigestVerifyInit(context, nil, nil, nil, key.raw) == 1
        && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }

    public static func == (left: PublicKey, right: PublicKey) -> Bool {
      left.rawRepresentation == right.rawRepresentation
    }
  }
}

/// Without a callback OpenSSL would ask for a passphrase on the terminal.
private func refusePassphrase(_: UnsafeMutablePointer<CChar>?, _: Int32, _: Int32, _: UnsafeMutableRawPointer?) -> Int32 { 0 }

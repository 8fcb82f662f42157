import TLS
import Testing

@Suite(.timeLimit(.minutes(1)))
struct CryptoTests {
  @Test(arguments: [
    ("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ("a", 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
  ])
  func sha256KnownAnswers(unit: String, repetitions: Int, expected: String) {
    let text = String(repeating: unit, count: repetitions)
    let whole = hexadecimal(SHA256.hash(text))
    #expect(whole == expected)
    var pieces = SHA256()
    let bytes = Array(text.utf8)
    for start in stride(from: 0, to: bytes.count, by: 977) {
      pieces.update(Array(bytes[start..<min(start + 977, bytes.count)]))
    }
    #expect(hexadecimal(pieces.finish()) == expected)
  }

  @Test func sha256StartsAfreshAfterFinish() {
    var hash = SHA256()
    hash.update(Array("something else".utf8))
    _ = hash.finish()
    hash.update(Array("abc".utf8))
    #expect(hash.finish() == SHA256.hash("abc"))
  }

  // RFC 4231, test cases 1, 2 and 6.
  @Test func hmacKnownAnswers() {
    let first = HMACSHA256.code(for: "Hi There", key: [UInt8](repeating: 0x0b, count: 20))
    #expect(hexadecimal(first) == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
    let second = HMACSHA256.code(for: "what do ya want for nothing?", key: Array("Jefe".utf8))
    #expect(hexadecimal(second) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    let longKey = HMACSHA256.code(for: "Test Using Larger Than Block-Size Key - Hash Key First", key: [UInt8](repeating: 0xaa, count: 131))
    #expect(hexadecimal(longKey) == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    #expect(hexadecimal(HMACSHA256.code(for: "", key: [])) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    #expect(HMACSHA256.isValid(second, for: Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8)))
    #expect(!HMACSHA256.isValid(second, for: Array("what do ya want for nothing!".utf8), key: Array("Jefe".utf8)))
    #expect(!HMACSHA256.isValid([], for: [], key: []))
  }

  // RFC 8032, section 7.1, test 2.
  @Test func ed25519KnownAnswer() throws {
    let seed: [UInt8] = [
      0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda, 0x9d, 0xb6, 0xc3, 0x46, 0xec, 0x11, 0x4e, 0x0f,
      0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab, 0xa6, 0x24, 0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8, 0xa6, 0xfb,
    ]
    let key = try Ed25519.PrivateKey(rawRepresentation: seed)
    #expect(hexadecimal(key.publicKey.rawRepresentation) == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    let signature = key.sign([0x72])
    #expect(
      hexadecimal(signature) == "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")
    #expect(key.publicKey.isValid(signature, for: [0x72]))
    #expect(!key.publicKey.isValid(signature, for: [0x73]))
    #expect(!key.publicKey.isValid(Array(signature.dropLast()), for: [0x72]))
    #expect(!Ed25519.PrivateKey.generate().publicKey.isValid(signature, for: [0x72]))
  }

  @Test func ed25519KeysSurvivePEM() throws {
    let key = Ed25519.PrivateKey.generate()
    let message = Array("a token".utf8)
    let privateCopy = try Ed25519.PrivateKey(pem: key.pem)
    let publicCopy = try Ed25519.PublicKey(pem: key.publicKey.pem)
    #expect(publicCopy == key.publicKey)
    #expect(publicCopy.isValid(privateCopy.sign(message), for: message))
    #expect(key.pem.hasPrefix("-----BEGIN PRIVATE KEY-----\n"))
    #expect(key.publicKey.pem.hasPrefix("-----BEGIN PUBLIC KEY-----\n"))
  }

  @Test(arguments: ["", "nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
  func badPEMIsAnError(text: String) {
    #expect(throws: CryptoError.self) { try Ed25519.PrivateKey(pem: text) }
    #expect(throws: CryptoError.self) { try Ed25519.PublicKey(pem: text) }
    let long = text + String(repeating: "\n", count: Ed25519.pemBytesMax + 1)
    #expect(throws: CryptoError.self) { try Ed25519.PrivateKey(pem: long) }
  }

  @Test func wrongLengthsAreErrors() {
    #expect(throws: CryptoError.self) { try Ed25519.PrivateKey(rawRepresentation: []) }
    #expect(throws: CryptoError.self) { try Ed25519.PublicKey(rawRepresentation: [1, 2, 3]) }
  }

  @Test func randomAndComparison() {
    #expect(randomBytes(0).isEmpty)
    #expect(randomBytes(32).count == 32)
    #expect(randomBytes(32) != randomBytes(32))
    #expect(constantTimeEqual([], []))
    #expect(constantTimeEqual([1, 2], [1, 2]))
    #expect(!constantTimeEqual([1, 2], [1, 3]))
    #expect(!constantTimeEqual([1, 2], [1, 2, 3]))
  }

  private func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }
}

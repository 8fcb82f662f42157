import Accounts
import Bytes
import Model
import TLS
import Testing

@Suite(.timeLimit(.minutes(1)))
struct UploadTokenTests {
  /// Made by PyJWT 2 and cryptography from the same claims and the key whose seed is 0, 1, …, 31.
  static let reference = [
    "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9",
    "eyJpc3MiOiJqZXR0eSIsInN1YiI6ImZpbGVfYWY3c2Z5dHp3YjZtaGdnZTNxZ2F5Ynp6cjQiLCJhY2MiOiJhY2NfZGVtbyIsInVzciI6InVzcl8xMjMiLCJz"
      + "aXoiOjEwNzM3NDE4MjQsImNzeiI6NTI0Mjg4MDAsImNudCI6MjEsImV4cCI6MTgwMDAwMDAwMH0",
    "2KTxTGJsHw4wxC6rt0p9dGGGrfu5IZeoQJt4xF-xzZtQ8ZS2zHzLOqh1Np7LL74P7gmmniXvJhxSt3-aPhX2Bw",
  ].joined(separator: ".")

  let key: Ed25519.PrivateKey
  let token: UploadToken

  init() throws {
    key = try Ed25519.PrivateKey(rawRepresentation: (0..<32).map { UInt8($0) })
    token = UploadToken(
      fileID: try #require(FileID("file_af7sfytzwb6mhgge3qgaybzzr4")), account: try #require(AccountID("acc_demo")),
      user: try #require(UserID("usr_123")), plan: try #require(UploadPlan(fileSize: .gibibytes(1))), expiresAt: 1_800_000_000)
  }

  @Test func agreesWithPyJWTByteForByte() throws {
    #expect(UploadTokenSigner(key: key).sign(token) == Self.reference)
    #expect(try UploadTokenVerifier(key: key.publicKey).verify(Self.reference, now: 1_799_999_999) == token)
  }

  @Test func expiresAtItsSecond() throws {
    let verifier = UploadTokenVerifier(key: key.publicKey)
    #expect(throws: UploadTokenError.expired) { try verifier.verify(Self.reference, now: 1_800_000_000) }
  }

  @Test func anotherKeyDoesNotVerifyButOneOfSeveralDoes() throws {
    let other = Ed25519.PrivateKey.generate()
    #expect(throws: UploadTokenError.forged) { try UploadTokenVerifier(key: other.publicKey).verify(Self.reference, now: 0) }
    #expect(try UploadTokenVerifier(keys: [other.publicKey, key.publicKey]).verify(Self.reference, now: 0) == token)
  }

  /// Every single character matters.
  @Test func noCharacterCanBeChanged() throws {
    let verifier = UploadTokenVerifier(key: key.publicKey)
    let characters = Array(Self.reference.utf8)
    for position in characters.indices {
      var changed = characters
      changed[position] = changed[position] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      let text = String(decoding: changed, as: UTF8.self)
      #expect(throws: UploadTokenError.self, "position \(position)") { try verifier.verify(text, now: 0) }
    }
  }

  @Test(arguments: [
    "", ".", "..", "...", "a.b.c", String(repeating: "a", count: 100_000),
    // {"alg":"none","typ":"JWT"} and {"alg":"HS256","typ":"JWT"}
    "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.e30.", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.e30",
  ])
  func refusesWhatIsNoToken(_ text: String) {
    #expect(throws: UploadTokenError.malformed) { try UploadTokenVerifier(key: key.publicKey).verify(text, now: 0) }
  }

  /// Signed by us, but not a token we would make: a signature alone is not enough.
  @Test(arguments: [
    #"{}"#, #"[]"#, #"{"iss":"other","sub":"file_af7sfytzwb6mhgge3qgaybzzr4","acc":"a","usr":"u","siz":0,"csz":5242880,"cnt":0,"exp":9}"#,
    #"{"iss":"jetty","sub":"file_../../../../../etc/passwd","acc":"a","usr":"u","siz":0,"csz":5242880,"cnt":0,"exp":9}"#,
    #"{"iss":"jetty","sub":"file_af7sfytzwb6mhgge3qgaybzzr4","acc":"a","usr":"u","siz":0,"csz":5242880,"cnt":1,"exp":9}"#,
    #"{"iss":"jetty","sub":"file_af7sfytzwb6mhgge3qgaybzzr4","acc":"a","usr":"u","siz":0,"csz":5242880,"cnt":0}"#,
  ])
  func refusesOddClaims(_ claims: String) {
    let signed = Base64URL.encode(Array(#"{"alg":"EdDSA","typ":"JWT"}"#.utf8)) + "." + Base64URL.encode(Array(claims.utf8))
    let text = signed + "." + Base64URL.encode(key.sign(Array(signed.utf8)))
    #expect(throws: UploadTokenError.malformed) { try UploadTokenVerifier(key: key.publicKey).verify(text, now: 0) }
  }
}

@Suite(.timeLimit(.minutes(1)))
struct APIKeyTests {
  @Test func aKeyReadsBackAndOnlyItsDigestMatters() throws {
    let key = APIKey.generate()
    #expect(APIKey(key.text) == key)
    #expect(key.hash == SHA256.hash(key.text))
    #expect(key != APIKey.generate())
    #expect(!key.hint.contains(key.text.suffix(20)))
  }

  @Test(arguments: ["", "test_key", "jetty_", "jetty_" + String(repeating: "A", count: 32), "jetty_" + String(repeating: "a", count: 33), "jetty_\0"])
  func otherTextIsNoKey(_ text: String) {
    #expect(APIKey(text) == nil)
  }

  @Test func bearerTokensAreReadAsRFC6750Says() {
    #expect(BearerCredentials.token(in: "Bearer abc") == "abc")
    #expect(BearerCredentials.token(in: "bearer  abc") == "abc")
    for bad in ["", "Bearer", "Bearer ", "Basic abc", "abc", "Bearer a b"] { #expect(BearerCredentials.token(in: bad) == nil) }
  }
}

import Accounts
import Bytes
import Model
import TLS

@testable import EdgeWorker

/// One upload of two chunks, its key and its tokens.
enum Fixture {
  static let key = Ed25519.PrivateKey.generate()
  static let chunkSize = 5 << 20
  static let lastChunkSize = 100_000

  /// The bytes of the two chunks.
  static let first = bytes(chunkSize)
  static let last = bytes(lastChunkSize, seed: 2)

  static let plan = valid(UploadPlan(fileSize: ByteCount(UInt64(chunkSize + lastChunkSize)), chunkSize: ByteCount(UInt64(chunkSize))))
  static let account = valid(AccountID("acc_test"))
  static let user = valid(UserID("usr_test"))
  static let edge = valid(EdgeID("sfo-1"))

  static func file() -> FileID {
    return FileID(unixMilliseconds: 1_700_000_000_000)
  }

  static func token(for file: FileID, expiresAt: Int64 = 4_000_000_000, key: Ed25519.PrivateKey = key) -> String {
    UploadTokenSigner(key: key).sign(UploadToken(fileID: file, account: account, user: user, plan: plan, expiresAt: expiresAt))
  }

  static func chunk(_ index: UInt32) -> Chunk {
    let place = valid(ChunkIndex(index))
    return Chunk(
      fileID: fixedFile, account: account, user: user, index: place, hash: hash([]), size: valid(plan.size(of: place)), plan: plan, token: "")
  }

  private static let fixedFile = file()

  /// Bytes that no compressor finds too easy, the same each time.
  static func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 40) & 0x3F
    }
  }

  static func hash(_ bytes: [UInt8]) -> ContentHash { valid(ContentHash(bytes: SHA256.hash(bytes))) }

  static func digestField(_ bytes: [UInt8]) -> String { "sha-256=:\(Base64.encode(SHA256.hash(bytes))):" }

  private static func valid<T>(_ value: T?) -> T {
    guard let value else { preconditionFailure("a fixture is wrong") }
    return value
  }
}

/// Compares without the macro's own diff, which takes minutes for large arrays.
func same(_ left: [UInt8], _ right: [UInt8]) -> Bool { left == right }

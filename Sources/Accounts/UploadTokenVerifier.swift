import Bytes
import JSON
import Model
import TLS

/// Checks upload tokens without asking anyone.
public struct UploadTokenVerifier: Sendable {
  private let keys: [Ed25519.PublicKey]
  private let headerText = Base64URL.encode(Array(UploadToken.header.utf8))

  /// More than one key while keys are being changed; at most four.
  public init(keys: [Ed25519.PublicKey]) {
    precondition((1...4).contains(keys.count), "a verifier needs one to four keys")
    self.keys = keys
  }

  public init(key: Ed25519.PublicKey) { self.init(keys: [key]) }

  /// The token that `text` stands for, if we signed it and it is not past `now` (Unix seconds).
  public func verify(_ text: String, now: Int64) throws(UploadTokenError) -> UploadToken {
    guard text.utf8.count <= UploadToken.textBytesMax else { throw .malformed }
    let parts = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].elementsEqual(headerText.utf8), let signature = decode(parts[2]), let claims = decode(parts[1])
    else { throw .malformed }
    let signed = Array(parts[0]) + [UInt8(ascii: ".")] + Array(parts[1])
    guard keys.contains(where: { $0.isValid(signature, for: signed) }) else { throw .forged }
    // Only now is it worth reading: what follows was written by us.
    let token = try Self.token(from: claims)
    guard now < token.expiresAt else { throw .expired }
    return token
  }

  private func decode(_ part: Substring.UTF8View) -> [UInt8]? { Base64URL.decode(String(Substring(part))) }

  private static let limits = JSONLimits(bytesMax: UploadToken.textBytesMax, depthMax: 2, valuesMax: 32, numberBytesMax: 20)

  private static func token(from claims: [UInt8]) throws(UploadTokenError) -> UploadToken {
    do {
      let reader = try JSONReader(JSONValue(parsing: claims, limits: limits))
      guard try reader.string("iss") == UploadToken.issuer,
        let file = try reader.string("sub").flatMap({ FileID($0) }),
        let account = try reader.string("acc").flatMap({ AccountID($0) }),
        let user = try reader.string("usr").flatMap({ UserID($0) }),
        let fileSize = try reader.uint64("siz"), let chunkSize = try reader.uint64("csz"), let chunks = try reader.uint32("cnt"),
        let plan = UploadPlan(fileSize: ByteCount(fileSize), chunkSize: ByteCount(chunkSize), chunksTotal: chunks),
        let expiresAt = try reader.int64("exp")
      else { throw UploadTokenError.malformed }
      return UploadToken(fileID: file, account: account, user: user, plan: plan, expiresAt: expiresAt)
    } catch {
      throw .malformed
    }
  }
}

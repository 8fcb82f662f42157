import Bytes
import TLS

/// Makes upload tokens. Held by the core only; edges have the public key.
public struct UploadTokenSigner: Sendable {
  private let key: Ed25519.PrivateKey
  private let headerText = Base64URL.encode(Array(UploadToken.header.utf8))

  public init(key: Ed25519.PrivateKey) { self.key = key }

  /// A compact JWS (RFC 7515) signed with EdDSA (RFC 8037).
  public func sign(_ token: UploadToken) -> String {
    // No value here needs escaping: ids are of a narrow alphabet and the rest are numbers.
    let claims =
      #"{"iss":"\#(UploadToken.issuer)","sub":"\#(token.fileID)","acc":"\#(token.account)","usr":"\#(token.user)","#
      + #""siz":\#(token.plan.fileSize.rawValue),"csz":\#(token.plan.chunkSize.rawValue),"cnt":\#(token.plan.chunksTotal),"exp":\#(token.expiresAt)}"#
    let signed = headerText + "." + Base64URL.encode(Array(claims.utf8))
    return signed + "." + Base64URL.encode(key.sign(Array(signed.utf8)))
  }
}

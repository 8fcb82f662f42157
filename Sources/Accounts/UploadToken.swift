import Model

/// The right to store the chunks of one file until a given time, and all that an edge must know about that file.
public struct UploadToken: Sendable, Hashable {
  public var fileID: FileID
  public var account: AccountID
  public var user: UserID
  public var plan: UploadPlan
  /// Unix seconds; the token works before this second.
  public var expiresAt: Int64

  public init(fileID: FileID, account: AccountID, user: UserID, plan: UploadPlan, expiresAt: Int64) {
    self.fileID = fileID
    self.account = account
    self.user = user
    self.plan = plan
    self.expiresAt = expiresAt
  }

  static let issuer = "jetty"
  /// Ours are about 420 bytes; whatever is longer is not looked at.
  public static let textBytesMax = 1_024
  /// The only header we write or read (RFC 8037): a token cannot choose how it is checked.
  static let header = #"{"alg":"EdDSA","typ":"JWT"}"#
}

/// Why a token is refused. The description is safe to show to the bearer.
public enum UploadTokenError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Not one of our tokens: a wrong form, header or claim.
  case malformed
  /// The signature is not that of any key we trust.
  case forged
  case expired

  public var description: String {
    switch self {
    case .malformed: "the upload token is not a token of this service"
    case .forged: "the upload token's signature does not verify"
    case .expired: "the upload token has expired; ask for a new one with resuming: true"
    }
  }
}

import Model

/// A finished file of one user. Several files may lie on one object.
public struct StoredFile: Sendable, Equatable {
  public var id: FileID
  public var account: AccountID
  public var user: UserID
  public var name: String
  public var mediaType: String
  public var size: ByteCount
  /// The SHA-256 of its bytes: what the client said, or what was found where it said nothing.
  public var hash: ContentHash?
  public var objectKey: String
  /// The stored bytes were read back and have that hash.
  public var isVerified: Bool

  public init(
    id: FileID, account: AccountID, user: UserID, name: String, mediaType: String, size: ByteCount, hash: ContentHash?, objectKey: String,
    isVerified: Bool
  ) {
    self.id = id
    self.account = account
    self.user = user
    self.name = name
    self.mediaType = mediaType
    self.size = size
    self.hash = hash
    self.objectKey = objectKey
    self.isVerified = isVerified
  }
}

/// A file with an address to get it by.
public struct FinishedFile: Sendable, Equatable {
  public var file: StoredFile
  public var url: String
  /// Unix milliseconds.
  public var urlExpiresAt: Int64

  public init(file: StoredFile, url: String, urlExpiresAt: Int64) {
    self.file = file
    self.url = url
    self.urlExpiresAt = urlExpiresAt
  }
}

/// What an account, or one of its users, used and saved so far.
public struct UsageTotals: Sendable, Equatable {
  public var transferred = ByteCount.zero
  public var cost = MicroDollars.zero
  public var saved = ByteCount.zero
  public var savedCost = MicroDollars.zero
  public var files: UInt32 = 0
  public var duplicates: UInt32 = 0

  public init() {}
}

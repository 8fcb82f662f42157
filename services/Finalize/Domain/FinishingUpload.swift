import Model

/// An upload as its session tells it.
public struct FinishingUpload: Sendable, Equatable {
  public enum Status: Sendable, Equatable {
    /// Chunks may still come.
    case open
    case completed
    /// Given up, expired or failed.
    case ended
  }

  public var file: FileID
  public var account: AccountID
  public var user: UserID
  /// What the client says the file's SHA-256 is; nil where it said nothing.
  public var hash: ContentHash?
  public var name: String
  public var mediaType: String
  public var plan: UploadPlan
  public var objectKey: String
  /// Empty while the store has none for it.
  public var multipartID: String
  public var status: Status

  public init(
    file: FileID, account: AccountID, user: UserID, hash: ContentHash?, name: String, mediaType: String, plan: UploadPlan, objectKey: String,
    multipartID: String, status: Status
  ) {
    self.file = file
    self.account = account
    self.user = user
    self.hash = hash
    self.name = name
    self.mediaType = mediaType
    self.plan = plan
    self.objectKey = objectKey
    self.multipartID = multipartID
    self.status = status
  }
}

/// A chunk that an edge has recorded.
public struct RecordedChunk: Sendable, Equatable {
  public var index: UInt32
  public var size: ByteCount
  /// The store's word for the part.
  public var etag: String

  public init(index: UInt32, size: ByteCount, etag: String) {
    self.index = index
    self.size = size
    self.etag = etag
  }
}

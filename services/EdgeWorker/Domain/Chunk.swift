import Model

/// One chunk that its sender may store: what the upload token and the sender say about it.
public struct Chunk: Sendable, Equatable {
  public var fileID: FileID
  public var account: AccountID
  public var user: UserID
  public var index: ChunkIndex
  /// What the sender says its bytes hash to.
  public var hash: ContentHash
  /// What the plan says it must have.
  public var size: ByteCount
  public var plan: UploadPlan
  /// The sender's right to do this, as it was shown; passed on to the core.
  public var token: String

  public init(
    fileID: FileID, account: AccountID, user: UserID, index: ChunkIndex, hash: ContentHash, size: ByteCount, plan: UploadPlan, token: String
  ) {
    self.fileID = fileID
    self.account = account
    self.user = user
    self.index = index
    self.hash = hash
    self.size = size
    self.plan = plan
    self.token = token
  }
}

/// What became of a chunk.
public struct ChunkReceipt: Sendable, Equatable {
  /// The same bytes were recorded before: nothing was taken from the sender.
  public var wasStoredAlready: Bool
  public var size: ByteCount
}

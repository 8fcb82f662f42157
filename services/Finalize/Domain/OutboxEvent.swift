import Model

/// Something that another service must learn. It is written in the same transaction as what happened, and told until it is heard;
/// hearing it twice does no harm.
public enum OutboxEvent: Sendable, Equatable {
  public enum Ending: String, Sendable {
    case completed
    case aborted
    case expired
  }

  /// To Dedup: this file may answer duplicate checks.
  case registerFile(StoredFile)
  /// To Dedup: it may not, after all.
  case forgetFile(FileID, AccountID)
  /// To UploadState: the session has ended.
  case closeUpload(FileID, AccountID, Ending, cost: MicroDollars, uploaded: ByteCount)
  /// To ChunkMetadata: the chunk map is of no use any more.
  case dropChunks(FileID, AccountID)

  public var file: FileID {
    switch self {
    case .registerFile(let file): file.id
    case .forgetFile(let id, _), .closeUpload(let id, _, _, _, _), .dropChunks(let id, _): id
    }
  }

  public var account: AccountID {
    switch self {
    case .registerFile(let file): file.account
    case .forgetFile(_, let account), .closeUpload(_, let account, _, _, _), .dropChunks(_, let account): account
    }
  }
}

/// An event that waits to be told.
public struct OutboxEntry: Sendable, Equatable {
  public var number: Int64
  public var event: OutboxEvent
  /// Times that it was tried before.
  public var attempts: Int

  public init(number: Int64, event: OutboxEvent, attempts: Int) {
    self.number = number
    self.event = event
    self.attempts = attempts
  }
}

import Model

/// On whose behalf a request is made.
public struct Caller: Sendable, Hashable {
  public var account: AccountID
  public var user: UserID

  public init(account: AccountID, user: UserID) {
    self.account = account
    self.user = user
  }
}

/// A file that someone wants to store.
public struct UploadInquiry: Sendable {
  public var caller: Caller
  public var fileSize: ByteCount
  public var fileHash: ContentHash?
  public var fileName: String?
  public var mediaType: String?
  public var location: GeoPoint?
  public var priority: UploadPriority
  /// The most it may cost; nil for no limit.
  public var budget: MicroDollars?
  /// The upload to go on with; nil opens a new one.
  public var resumed: FileID?

  public init(
    caller: Caller, fileSize: ByteCount, fileHash: ContentHash? = nil, fileName: String? = nil, mediaType: String? = nil,
    location: GeoPoint? = nil, priority: UploadPriority = .balanced, budget: MicroDollars? = nil, resumed: FileID? = nil
  ) {
    self.caller = caller
    self.fileSize = fileSize
    self.fileHash = fileHash
    self.fileName = fileName
    self.mediaType = mediaType
    self.location = location
    self.priority = priority
    self.budget = budget
    self.resumed = resumed
  }
}

/// An upload session as UploadState keeps it.
public struct UploadSession: Sendable, Hashable {
  public var fileID: FileID
  public var caller: Caller
  public var fileHash: ContentHash?
  public var fileName: String?
  public var mediaType: String?
  public var plan: UploadPlan
  public var threads: UInt32
  public var edges: [EdgeID]
  public var estimatedCost: MicroDollars
  public var isOpen: Bool
  /// Unix milliseconds.
  public var expiresAt: Int64

  public init(
    fileID: FileID, caller: Caller, fileHash: ContentHash?, fileName: String?, mediaType: String?, plan: UploadPlan, threads: UInt32,
    edges: [EdgeID], estimatedCost: MicroDollars, isOpen: Bool = true, expiresAt: Int64 = 0
  ) {
    self.fileID = fileID
    self.caller = caller
    self.fileHash = fileHash
    self.fileName = fileName
    self.mediaType = mediaType
    self.plan = plan
    self.threads = threads
    self.edges = edges
    self.estimatedCost = estimatedCost
    self.isOpen = isOpen
    self.expiresAt = expiresAt
  }
}

/// What a client needs to send its chunks.
public struct UploadOffer: Sendable {
  public var session: UploadSession
  public var edges: [EdgeChoice]
  public var compression: CompressionAdvice
  public var estimatedSeconds: UInt32
  public var uploadToken: String
}

/// The file was stored already and the caller now has a name of its own for it.
public struct ClonedFile: Sendable, Hashable {
  public var fileID: FileID
  public var url: String
  public var savedBytes: ByteCount
  public var savedCost: MicroDollars

  public init(fileID: FileID, url: String, savedBytes: ByteCount, savedCost: MicroDollars) {
    self.fileID = fileID
    self.url = url
    self.savedBytes = savedBytes
    self.savedCost = savedCost
  }
}

/// The answer to an inquiry.
public enum UploadAnswer: Sendable {
  case upload(UploadOffer)
  case duplicate(ClonedFile)
}

/// Why there is no answer.
public enum SelectionError: Error, Sendable, Hashable {
  case fileTooLarge
  case noLiveEdge(registered: Int)
  case budgetTooSmall(minimum: MicroDollars)
  /// No such upload, or somebody else's: the caller cannot tell which.
  case uploadNotFound
  case uploadEnded
  /// The request's size is not that of the upload it wants to go on with.
  case sizeDiffers(opened: ByteCount)
  /// The file is not the one that the upload was opened for.
  case hashDiffers
}

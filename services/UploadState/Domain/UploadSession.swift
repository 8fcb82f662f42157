import Model

/// Where an upload stands.
public enum SessionStatus: String, Sendable, Hashable, CaseIterable {
  case inProgress = "in_progress"
  case paused
  case completed
  case failed
  case aborted
  case expired

  /// Chunks may still come.
  public var isOpen: Bool { self == .inProgress || self == .paused }
}

/// On whose behalf an upload is made.
public struct SessionOwner: Sendable, Hashable {
  public var account: AccountID
  public var user: UserID

  public init(account: AccountID, user: UserID) {
    self.account = account
    self.user = user
  }
}

/// One upload, from the plan to its end. Times are Unix milliseconds.
public struct UploadSession: Sendable, Hashable {
  public let file: FileID
  public let owner: SessionOwner
  /// What the client says the file's hash is.
  public var fileHash: ContentHash?
  public var fileName: String?
  public var mediaType: String?
  public let plan: UploadPlan
  public var threads: UInt32
  /// Those it was opened with.
  public var edges: [EdgeID]
  public var estimatedCost: MicroDollars
  public var status: SessionStatus
  /// The store's id of the multipart upload, once someone needed it. An empty file never has one.
  public var multipartID: String?
  public var startedAt: Int64
  public var expiresAt: Int64
  /// When it ended, however it did.
  public var endedAt: Int64?
  public var bytesUploaded: ByteCount
  public var actualCost: MicroDollars

  public init(
    file: FileID, owner: SessionOwner, fileHash: ContentHash?, fileName: String?, mediaType: String?, plan: UploadPlan, threads: UInt32,
    edges: [EdgeID], estimatedCost: MicroDollars, status: SessionStatus = .inProgress, multipartID: String? = nil, startedAt: Int64,
    expiresAt: Int64? = nil, endedAt: Int64? = nil, bytesUploaded: ByteCount = .zero, actualCost: MicroDollars = .zero
  ) {
    self.file = file
    self.owner = owner
    self.fileHash = fileHash
    self.fileName = fileName
    self.mediaType = mediaType
    self.plan = plan
    self.threads = threads
    self.edges = edges
    self.estimatedCost = estimatedCost
    self.status = status
    self.multipartID = multipartID
    self.startedAt = startedAt
    self.expiresAt = expiresAt ?? startedAt + SessionLimits().lifetimeMilliseconds
    self.endedAt = endedAt
    self.bytesUploaded = bytesUploaded
    self.actualCost = actualCost
  }

  /// Where the object will lie.
  public var objectKey: String { "files/\(owner.account)/\(owner.user)/\(file)" }

  /// The status at `now`: a session past its lifetime has expired, whether or not the sweeper was there yet.
  public func status(at now: Int64) -> SessionStatus { status.isOpen && expiresAt <= now ? .expired : status }

  /// The expiry after a sign of life at `now`; nil where nothing need be written.
  public func slidExpiry(at now: Int64, _ limits: SessionLimits) -> Int64? {
    guard status(at: now).isOpen else { return nil }
    let slid = now + limits.lifetimeMilliseconds
    return slid - expiresAt >= limits.slideMillisecondsMin ? slid : nil
  }

  /// Whether the caller may see it: it is the account's, and the user's where one is named.
  public func belongs(to account: AccountID, user: UserID?) -> Bool { owner.account == account && (user == nil || user == owner.user) }

  /// Whether opening `other` again is the same opening: nothing that was fixed then differs.
  public func isSameOpening(as other: UploadSession) -> Bool {
    file == other.file && owner == other.owner && plan == other.plan && fileHash == other.fileHash
  }
}

/// Why a request about a session is refused.
public enum SessionError: Error, Sendable, Hashable {
  /// There is no such upload, or it is somebody else's: the caller cannot tell which.
  case notFound
  /// Another upload has this file id.
  case fileTaken
  case ended(SessionStatus)
  /// A saved chunk index that the plan does not have. `field` is its JSON path.
  case indexOutOfRange(field: String, chunksTotal: UInt32)
  /// A saved number that contradicts the session.
  case contradicts(field: String, expected: String)
  case overloaded(String)
}

import Model

/// The truth about sessions. Every write is durable when its call returns, and may be repeated.
public protocol SessionStore {
  /// Keeps a new session. The session that has this file id afterwards: the given one, or an earlier one.
  func open(_ session: UploadSession) async throws -> UploadSession
  func find(_ file: FileID) async throws -> UploadSession?
  /// Moves the expiry of an open session; never back.
  func slide(_ file: FileID, to expiresAt: Int64) async throws
  /// The session's multipart upload. Where there is none, `create` makes it while nobody else can, and its id is kept.
  /// Nil where the session is gone or no longer open.
  func ensureMultipart(_ file: FileID, create: () async throws -> String) async throws -> String?
  /// Keeps the edges that a client uses, over those saved before.
  func saveEdges(_ edges: [EdgeID], of file: FileID, at now: Int64) async throws
  /// Those saved last; nil where none were.
  func savedEdges(of file: FileID) async throws -> [EdgeID]?
  /// Ends an open session. False where it is not open (any more) or not there.
  func close(_ file: FileID, with ending: SessionEnding) async throws -> Bool
  /// Open sessions whose lifetime was over at `now`, the oldest first.
  func expired(at now: Int64, limit: UInt32) async throws -> [UploadSession]
  /// The newest sessions of an account, or of one user.
  func recent(account: AccountID, user: UserID?, limit: Int) async throws -> [RecentSession]
  func figures(account: AccountID, user: UserID?, since: Int64) async throws -> SessionFigures
  /// Forgets sessions that ended before a time. How many.
  func prune(endedBefore: Int64) async throws -> Int
}

/// How a session ended.
public struct SessionEnding: Sendable, Hashable {
  public var status: SessionStatus
  public var at: Int64
  public var bytesUploaded: ByteCount
  public var actualCost: MicroDollars
  /// What came through each edge; the chunk map forgets it soon.
  public var portions: [EdgePortion]

  public init(status: SessionStatus, at: Int64, bytesUploaded: ByteCount, actualCost: MicroDollars, portions: [EdgePortion]) {
    self.status = status
    self.at = at
    self.bytesUploaded = bytesUploaded
    self.actualCost = actualCost
    self.portions = portions
  }
}

/// The chunk map, which ChunkMetadata owns.
public protocol ChunkBook {
  func progress(of session: UploadSession) async throws -> UploadProgress
  /// What came through each edge, for each upload that has a recorded chunk.
  func portions(of files: [FileID], account: AccountID) async throws -> [FileID: [EdgePortion]]
}

/// Where the bytes go.
public protocol MultipartStore {
  /// Begins the multipart upload of a session; its id. One whose id is then not kept, because the database went away, has no
  /// parts and costs nothing; the store's own rule for incomplete uploads removes it.
  func createMultipart(for session: UploadSession) async throws -> String
}

/// Tells watchers, in whatever process they are. Returns at once; what cannot be said now is not said.
public protocol ProgressPublisher {
  func publish(_ event: ProgressEvent, of file: FileID)
}

/// What an account used and saved, which Finalize knows.
public protocol UsageLedger {
  func usage(account: AccountID, user: UserID?) async throws -> UsageFigures
}

/// The edges that are alive, which EdgeSelection knows.
public protocol EdgeRegistry {
  func liveEdges() async throws -> [LiveEdge]
}

import Model

/// What selection asks of the rest of the platform. Each throws where its answer is not to be had.

/// Finds a stored copy of a file and gives the caller a name for it.
public protocol Duplicates {
  /// A clone of a file with exactly this hash and size in the caller's account; nil where there is none.
  func clone(hash: ContentHash, for inquiry: UploadInquiry) async throws -> ClonedFile?
}

/// Opens and finds upload sessions.
public protocol UploadSessions {
  /// Opens a session and returns it with its expiry. Idempotent by file.
  func open(_ session: UploadSession) async throws -> UploadSession
  /// The session of a file if it belongs to the account, and to the user where one is named.
  func find(_ file: FileID, account: AccountID, user: UserID?) async throws -> UploadSession?
}

/// Signs upload tokens.
public protocol UploadTokens {
  func token(for session: UploadSession) throws -> String
}

/// What users' devices measured.
public protocol RoundTripSamples {
  /// Never throws: without samples the model stands in.
  func samples(of caller: Caller) async -> [EdgeID: RoundTripEstimate]
  func record(_ measured: [(edge: EdgeID, milliseconds: Double)], of caller: Caller, now: Int64) async throws
}

/// Learns who uploads when.
public protocol UploadHabits {
  /// Returns at once; written later.
  func opened(_ session: UploadSession, at now: Int64)
}

/// Keeps the sites and what edges said, for every process of this service.
public protocol EdgeRegistry {
  func load() async throws -> [EdgeRecord]
  /// Adds a site that nobody knew. Does nothing where it is known by now.
  func add(_ site: EdgeSite) async throws
  /// Keeps what an edge said. The site is known.
  func heard(_ status: EdgeStatus, from edge: EdgeID) async throws
  /// Keeps what probes saw, and a row of history for each.
  func probed(_ results: [ProbeResult]) async throws
}

/// What came of probing one edge.
public struct ProbeResult: Sendable, Hashable {
  public var edge: EdgeID
  /// The round trip; the time-out where no answer came.
  public var milliseconds: Double
  public var hasAnswered: Bool
  public var loadPercent: UInt32
  public var activeUploads: UInt32
  public var bandwidthMegabits: UInt32
  /// Unix milliseconds.
  public var at: Int64

  public init(
    edge: EdgeID, milliseconds: Double, hasAnswered: Bool, loadPercent: UInt32, activeUploads: UInt32, bandwidthMegabits: UInt32, at: Int64
  ) {
    self.edge = edge
    self.milliseconds = milliseconds
    self.hasAnswered = hasAnswered
    self.loadPercent = loadPercent
    self.activeUploads = activeUploads
    self.bandwidthMegabits = bandwidthMegabits
    self.at = at
  }
}

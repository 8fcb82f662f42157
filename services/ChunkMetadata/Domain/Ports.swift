import Model

/// What became of a claim.
public enum ClaimOutcome: Sendable, Hashable {
  /// The address is kept for these bytes until the lease is over.
  case granted
  /// The same bytes are recorded already.
  case stored(etag: String)
  /// Other bytes are recorded, or claimed within the lease.
  case taken
}

/// What became of a receipt.
public enum RecordOutcome: Sendable, Hashable {
  /// It is durable; the totals include it.
  case recorded(StoredTotals)
  /// Other bytes are recorded, or claimed within the lease.
  case taken
}

/// The truth: which chunks are claimed and recorded. Every write is durable when its call returns, and may be repeated.
public protocol ChunkMap {
  func claim(_ claim: ChunkClaim) async throws -> ClaimOutcome
  func record(_ receipt: ChunkReceipt) async throws -> RecordOutcome
  /// Gives back a claim of exactly these bytes by this edge. One that was recorded, or is another's, stays.
  func release(_ address: ChunkAddress, hash: ContentHash, edge: EdgeID) async throws
  /// The bytes that are claimed or recorded at an address; nil where neither.
  func holder(of address: ChunkAddress) async throws -> ChunkNote?
  /// The recorded chunks by index. `account` nil: whoever owns it.
  func chunks(of file: FileID, account: AccountID?) async throws -> [StoredChunk]
  /// Which indices are recorded, ascending, and how many bytes they are.
  func storedIndices(of file: FileID, account: AccountID?) async throws -> (indices: [ChunkIndex], bytes: ByteCount)
  /// What came through each edge, most bytes first; uploads without a recorded chunk are left out.
  func portions(of files: [FileID], account: AccountID?) async throws -> [FileID: [EdgePortion]]
  /// Forgets everything about an upload. Which indices it had.
  func drop(_ file: FileID, account: AccountID?) async throws -> [ChunkIndex]
  /// Forgets claims that never became chunks. How many.
  func sweep() async throws -> Int
}

/// The cache. It may forget at any time and never fails: what is not to be had is nil.
public protocol ChunkCache {
  func note(at address: ChunkAddress) async -> ChunkNote?
  func keep(_ note: ChunkNote) async
  func grant(for file: FileID) async -> UploadGrant?
  func keep(_ grant: UploadGrant) async
  func forget(_ file: FileID, indices: [ChunkIndex]) async
}

/// Who must hear about recorded chunks. Returns at once; what cannot be said now is not said.
public protocol ProgressFeed {
  func announce(_ receipts: [ChunkReceipt], totals: [FileID: StoredTotals])
}

/// The owner of uploads.
public protocol UploadDirectory {
  /// The upload if it is the account's; nil where there is none or it is somebody else's.
  func find(_ file: FileID, account: AccountID) async throws -> UploadGrant?
}

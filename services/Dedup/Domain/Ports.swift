import Model

/// The durable index of stored files.
protocol FileIndex {
  /// Takes a file in, or brings what is known of it up to date. A verified file never becomes unverified.
  func register(_ file: StoredFile, embedding: Embedding) async throws
  func forget(_ file: FileID, account: AccountID) async throws
  /// The account's file with these bytes: the user's own even if unverified, anybody's once verified.
  func exact(_ hash: ContentHash, _ size: ByteCount, account: AccountID, user: UserID?) async throws -> ExactMatch?
  /// The account's file (of that user, where one is named) that lies nearest, if it reaches `similarityMin`.
  func nearest(_ embedding: Embedding, account: AccountID, user: UserID?, similarityMin: Double) async throws -> Match?
}

/// An answer about the same bytes, and whether it holds for every user of the account.
struct ExactMatch: Sendable, Equatable {
  var match: Match
  var isVerified: Bool
}

/// Answers in front of the index. May forget anything at any time; never fails.
protocol MatchCache {
  func find(_ hash: ContentHash, _ size: ByteCount, account: AccountID) async -> Match?
  func keep(_ match: Match, _ hash: ContentHash, _ size: ByteCount, account: AccountID) async
  /// Drops what was kept about a file's bytes.
  func drop(_ file: FileID, account: AccountID) async
}

/// A point in the space of descriptions, and who computed it: only points of one embedder can be compared.
struct Embedding: Sendable, Equatable {
  var embedder: String
  /// `DedupLimits.dimensions` numbers of length 1 (L2).
  var vector: [Float]
}

/// Computes embeddings.
protocol Embedder {
  var name: String { get }
  func embed(_ description: FileDescription) async throws -> Embedding
}

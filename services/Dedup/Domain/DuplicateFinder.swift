import Model

/// Answers whether a file is stored already, and keeps the index it answers from.
struct DuplicateFinder {
  let index: any FileIndex
  let cache: any MatchCache
  let embedder: any Embedder
  /// Called where the embedder fails: a hint is lost, the question is answered all the same.
  let onEmbedderFailure: (any Error) -> Void

  struct Question {
    var account: AccountID
    /// Nil: whoever of the account.
    var user: UserID?
    var hash: ContentHash
    var size: ByteCount
    /// Without a name there is nothing to look for similar files by.
    var description: FileDescription?
  }

  /// The same bytes if they are there; else the most similar file if one is similar enough.
  func find(_ question: Question) async throws -> Match? {
    if let exact = try await sameBytes(question) { return exact }
    guard let description = question.description else { return nil }
    let embedding: Embedding
    do {
      embedding = try await embedder.embed(description)
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      onEmbedderFailure(error)
      return nil
    }
    return try await index.nearest(embedding, account: question.account, user: question.user, similarityMin: DedupLimits.similarityMin)
  }

  private func sameBytes(_ question: Question) async throws -> Match? {
    if let known = await cache.find(question.hash, question.size, account: question.account) { return known }
    guard let found = try await index.exact(question.hash, question.size, account: question.account, user: question.user) else { return nil }
    // Only what holds for every user of the account may be kept for all of them.
    if found.isVerified { await cache.keep(found.match, question.hash, question.size, account: question.account) }
    return found.match
  }

  /// Idempotent; the newest call wins, but verification is never taken back.
  func register(_ file: StoredFile) async throws {
    try await index.register(file, embedding: try await embedder.embed(file.description))
  }

  func forget(_ file: FileID, account: AccountID) async throws {
    try await index.forget(file, account: account)
    await cache.drop(file, account: account)
  }
}

import Model

/// Gives uploads up: the parts are deleted, the session closed. Also those that nobody came back for.
public struct Abandoner: Sendable {
  private let uploads: any UploadDirectory
  private let vault: any ObjectVault
  private let ledger: any FileLedger
  private let tellPromptly: @Sendable (FileID) async -> Void
  private let limits: FinalizeLimits

  public init(
    uploads: any UploadDirectory, vault: any ObjectVault, ledger: any FileLedger, tellPromptly: @escaping @Sendable (FileID) async -> Void,
    limits: FinalizeLimits = FinalizeLimits()
  ) {
    self.uploads = uploads
    self.vault = vault
    self.ledger = ledger
    self.tellPromptly = tellPromptly
    self.limits = limits
  }

  /// Gives an upload up at its user's wish. One that was given up before is fine; a file is not: `FinalizeError.alreadyCompleted`.
  public func abort(_ file: FileID, account: AccountID, user: UserID) async throws {
    if let stored = try await ledger.file(file, account: account) {
      throw stored.user == user ? FinalizeError.alreadyCompleted : .uploadNotFound
    }
    guard let upload = try await uploads.upload(file, account: account, user: user) else { throw FinalizeError.uploadNotFound }
    guard upload.status != .ended else { return }
    try await abandon(upload, ending: .aborted)
  }

  /// Gives up a batch of expired uploads; how many were found. One that cannot be given up now is left for the next time and told to
  /// `onFailure`.
  public func sweep(onFailure: (FinishingUpload, any Error) -> Void) async throws -> Int {
    let expired = try await uploads.expired(limit: limits.sweepBatch)
    for upload in expired {
      // Completed, and UploadState has not heard it yet: the outbox sees to that.
      if try await ledger.file(upload.file, account: upload.account) != nil { continue }
      do {
        try await abandon(upload, ending: .expired)
      } catch is CancellationError {
        throw CancellationError()
      } catch {
        onFailure(upload, error)
      }
    }
    return expired.count
  }

  private func abandon(_ upload: FinishingUpload, ending: OutboxEvent.Ending) async throws {
    switch try await ledger.lease(upload, milliseconds: limits.leaseMilliseconds) {
    case .granted(let lease):
      do {
        try await vault.abandon(upload)
        // A call that completed the upload and stopped before it could commit has left an object that nobody knows.
        try await vault.delete(upload.objectKey)
        guard try await ledger.abandon(upload, lease: lease, ending: ending) else { throw FinalizeError.busy }
      } catch {
        await ledger.release(lease)
        throw (error as? VaultError)?.forCaller ?? error
      }
      await tellPromptly(upload.file)
    case .abandoned:
      await tellPromptly(upload.file)
    case .busy:
      throw FinalizeError.busy
    case .completed:
      throw FinalizeError.alreadyCompleted
    }
  }
}

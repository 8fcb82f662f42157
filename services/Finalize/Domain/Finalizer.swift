import Model

/// Turns a complete upload into a file. Safe to repeat at any point: open -> completing -> completed, and a replay gives the same file.
public struct Finalizer: Sendable {
  private let uploads: any UploadDirectory
  private let chunks: any ChunkMap
  private let vault: any ObjectVault
  private let ledger: any FileLedger
  private let links: any FileLinks
  /// Tells the events of a file that was just finished, for a moment; the rest is the relay's.
  private let tellPromptly: @Sendable (FileID) async -> Void
  private let pause: @Sendable (UInt64) async throws -> Void
  private let limits: FinalizeLimits

  /// `pause` sleeps for so many milliseconds.
  public init(
    uploads: any UploadDirectory, chunks: any ChunkMap, vault: any ObjectVault, ledger: any FileLedger, links: any FileLinks,
    tellPromptly: @escaping @Sendable (FileID) async -> Void, pause: @escaping @Sendable (UInt64) async throws -> Void,
    limits: FinalizeLimits = FinalizeLimits()
  ) {
    self.uploads = uploads
    self.chunks = chunks
    self.vault = vault
    self.ledger = ledger
    self.links = links
    self.tellPromptly = tellPromptly
    self.pause = pause
    self.limits = limits
  }

  /// Throws `FinalizeError`, or what a port throws.
  public func finalize(_ file: FileID, account: AccountID, user: UserID, chunksTotal: UInt32) async throws -> FinishedFile {
    for _ in 0...limits.busyPausesMax {
      if let stored = try await ledger.file(file, account: account) {
        guard stored.user == user else { throw FinalizeError.uploadNotFound }
        return finished(stored)
      }
      let upload = try await openUpload(file, account: account, user: user)
      guard upload.plan.chunksTotal == chunksTotal else { throw FinalizeError.chunksTotalDiffers(planned: upload.plan.chunksTotal) }
      let parts = try Completeness.check(try await chunks.chunks(of: file, account: account), against: upload.plan)
      switch try await ledger.lease(upload, milliseconds: limits.leaseMilliseconds) {
      case .granted(let lease):
        if let stored = try await complete(upload, parts, lease) { return finished(stored) }
      case .abandoned:
        throw FinalizeError.uploadEnded
      case .busy, .completed:
        break
      }
      try await pause(limits.busyPauseMilliseconds)
    }
    throw FinalizeError.busy
  }

  private func openUpload(_ file: FileID, account: AccountID, user: UserID) async throws -> FinishingUpload {
    guard let upload = try await uploads.upload(file, account: account, user: user) else { throw FinalizeError.uploadNotFound }
    switch upload.status {
    case .open: return upload
    case .ended: throw FinalizeError.uploadEnded
    // Its file was looked for before and not found: a former call may be committing it at this moment.
    case .completed:
      guard try await ledger.file(file, account: account) != nil else { throw FinalizeError.uploadEnded }
      return upload
    }
  }

  private func complete(_ upload: FinishingUpload, _ parts: [RecordedChunk], _ lease: Lease) async throws -> StoredFile? {
    do {
      try await makeObject(upload, parts)
      let cost = Price.transfer(of: upload.plan.fileSize)
      let stored = try await ledger.complete(upload, lease: lease, cost: cost)
      if stored != nil { await tellPromptly(upload.file) }
      return stored
    } catch {
      await ledger.release(lease)
      throw (error as? VaultError)?.forCaller ?? error
    }
  }

  /// The object, whole, whether made now or by a former call that stopped before it could write so in the books.
  private func makeObject(_ upload: FinishingUpload, _ parts: [RecordedChunk]) async throws {
    let size: ByteCount?
    if parts.isEmpty {
      try await vault.putEmpty(upload.objectKey, mediaType: upload.mediaType)
      size = .zero
    } else if upload.multipartID.isEmpty {
      throw FinalizeError.inconsistent("chunks are recorded, but the session has no multipart upload")
    } else {
      do {
        size = try await vault.complete(upload, parts: parts)
      } catch VaultError.noSuchUpload {
        size = try await vault.size(of: upload.objectKey)
        guard size != nil else { throw VaultError.noSuchUpload }
      }
    }
    guard size == upload.plan.fileSize else {
      throw FinalizeError.bytesLost("the object has \(size ?? .zero) where the file has \(upload.plan.fileSize)")
    }
  }

  private func finished(_ file: StoredFile) -> FinishedFile {
    let link = links.link(to: file)
    return FinishedFile(file: file, url: link.url, urlExpiresAt: link.expiresAt)
  }
}

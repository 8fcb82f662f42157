import Model

/// What this service does with sessions, without wire, database and store. `now` is Unix milliseconds.
public struct SessionDesk {
  private let store: any SessionStore
  private let chunks: any ChunkBook
  private let multiparts: any MultipartStore
  private let publisher: any ProgressPublisher
  private let limits: SessionLimits

  public init(
    store: any SessionStore, chunks: any ChunkBook, multiparts: any MultipartStore, publisher: any ProgressPublisher,
    limits: SessionLimits = SessionLimits()
  ) {
    self.store = store
    self.chunks = chunks
    self.multiparts = multiparts
    self.publisher = publisher
    self.limits = limits
  }

  /// Opens a session, or finds it open already.
  /// - Throws: `SessionError.fileTaken` where the file id belongs to another upload.
  public func open(_ session: UploadSession) async throws -> UploadSession {
    var wanted = session
    wanted.expiresAt = session.startedAt + limits.lifetimeMilliseconds
    let kept = try await store.open(wanted)
    guard kept.isSameOpening(as: session) else { throw SessionError.fileTaken }
    return kept
  }

  /// The session as it stands at `now`. Asking for an open one is a sign of life.
  /// - Throws: `SessionError.notFound`.
  public func find(_ file: FileID, account: AccountID?, user: UserID?, now: Int64) async throws -> UploadSession {
    var session = try await visible(file, account: account, user: user)
    session.status = session.status(at: now)
    if let slid = session.slidExpiry(at: now, limits) {
      try await store.slide(file, to: slid)
      session.expiresAt = slid
    }
    return session
  }

  /// The session with its multipart upload, which is created if this is the first time that someone needs it.
  /// - Throws: `SessionError.notFound`, `.ended`, what the store throws.
  public func findForSending(_ file: FileID, account: AccountID?, user: UserID?, now: Int64) async throws -> UploadSession {
    var session = try await find(file, account: account, user: user, now: now)
    guard session.status.isOpen else { throw SessionError.ended(session.status) }
    guard session.multipartID == nil, session.plan.chunksTotal > 0 else { return session }
    let wanted = session
    guard let id = try await store.ensureMultipart(file, create: { try await multiparts.createMultipart(for: wanted) }) else {
      // Ended in the meantime.
      throw SessionError.ended(try await store.find(file)?.status(at: now) ?? .aborted)
    }
    session.multipartID = id
    return session
  }

  /// Keeps what only the client knows; a sign of life.
  /// - Returns: When the session expires.
  /// - Throws: `SessionError.notFound`, `.ended`, what `ClientReport.check` throws.
  public func save(_ report: ClientReport, file: FileID, owner: SessionOwner, now: Int64) async throws -> Int64 {
    let session = try await find(file, account: owner.account, user: owner.user, now: now)
    guard session.status.isOpen else { throw SessionError.ended(session.status) }
    try report.check(against: session)
    try await store.saveEdges(report.edges, of: file, at: now)
    return session.expiresAt
  }

  /// What another device would go on from; nil where there is no such upload, it is somebody else's, or it was given up.
  public func state(of file: FileID, owner: SessionOwner, now: Int64) async throws -> ResumableState? {
    guard let session = try await store.find(file), session.belongs(to: owner.account, user: owner.user) else { return nil }
    let status = session.status(at: now)
    let progress: UploadProgress
    if status == .completed {
      // The chunk map of a completed upload is gone.
      progress = .complete(session.plan)
    } else if status.isOpen {
      progress = try await chunks.progress(of: session)
    } else {
      return nil
    }
    let saved = try await store.savedEdges(of: file) ?? []
    return ResumableState(session: session, progress: progress, edges: saved.isEmpty ? session.edges : saved)
  }

  /// The truth for watchers.
  /// - Throws: `SessionError.notFound`.
  public func event(of file: FileID, owner: SessionOwner, now: Int64) async throws -> (session: UploadSession, event: ProgressEvent) {
    let session = try await visible(file, account: owner.account, user: owner.user)
    let status = session.status(at: now)
    let progress: UploadProgress
    switch status {
    case .completed: progress = .complete(session.plan)
    case .inProgress, .paused: progress = try await chunks.progress(of: session)
    case .failed, .aborted, .expired: progress = UploadProgress(chunksStored: 0, bytesStored: .zero, missing: [])
    }
    return (session, ProgressEvent(status: status, chunksStored: progress.chunksStored, bytesStored: progress.bytesStored, at: now))
  }

  /// Ends a session. One that has ended, or is not there, is left as it is.
  public func close(
    _ file: FileID, account: AccountID?, status: SessionStatus, bytesUploaded: ByteCount, actualCost: MicroDollars, now: Int64
  ) async throws {
    guard let session = try await store.find(file), account == nil || session.owner.account == account, session.status.isOpen else { return }
    // Asked for now, because the map is dropped afterwards. Where it cannot be had, the caller comes again.
    let portions = try await chunks.portions(of: [file], account: session.owner.account)[file] ?? []
    let ending = SessionEnding(status: status, at: now, bytesUploaded: bytesUploaded, actualCost: actualCost, portions: portions)
    guard try await store.close(file, with: ending) else { return }
    let whole = status == .completed
    let event = ProgressEvent(
      status: status, chunksStored: whole ? session.plan.chunksTotal : 0, bytesStored: whole ? session.plan.fileSize : .zero, at: now)
    publisher.publish(event, of: file)
  }

  public func expired(limit: UInt32, now: Int64) async throws -> [UploadSession] {
    let wanted = limit == 0 ? SessionLimits.expiredUsual : limit
    return try await store.expired(at: now, limit: wanted).map { session in
      var session = session
      session.status = .expired
      return session
    }
  }

  private func visible(_ file: FileID, account: AccountID?, user: UserID?) async throws -> UploadSession {
    guard let session = try await store.find(file), account.map({ session.belongs(to: $0, user: user) }) ?? true else { throw SessionError.notFound }
    return session
  }
}

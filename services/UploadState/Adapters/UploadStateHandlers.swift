import Accounts
import Contracts
import EventLoops
import Logging
import Model
import RPC
import ServiceKit

/// The RPCs of UploadState. Clients come with the account that the gateway found; edges with an upload token; the sweeper as a service.
struct UploadStateHandlers: UploadStateService {
  let desk: SessionDesk
  let statistics: StatisticsDesk
  let watch: UploadWatch
  let verifier: UploadTokenVerifier
  let log: Logger
  /// Unix milliseconds.
  let now: () -> Int64

  // MARK: Sessions

  func openUpload(_ request: OpenUploadRequest, context: ServerContext) async throws -> OpenUploadResponse {
    let account = try CallerIdentity.account(context)
    guard let upload = request.upload else { throw RPCError.field("upload", "is required") }
    let wanted = try upload.session(account: account, now: now())
    return try await RPCError.translating(log) {
      var session = try await desk.open(wanted)
      session.status = session.status(at: now())
      return OpenUploadResponse(upload: Upload(session))
    }
  }

  func getUpload(_ request: GetUploadRequest, context: ServerContext) async throws -> GetUploadResponse {
    let file = try Self.file(request.fileId)
    var user = try request.userId.isEmpty ? nil : Self.user(request.userId)
    let account: AccountID?
    if CallerIdentity.hasToken(context) {
      let token = try CallerIdentity.uploadToken(context, verifier: verifier)
      // A token opens its own file and no other; the answer is that of a file that is not there.
      guard token.fileID == file, user == nil || user == token.user else { throw RPCError(SessionError.notFound) }
      account = token.account
      user = token.user
    } else {
      account = try CallerIdentity.scope(context)
    }
    return try await RPCError.translating(log) {
      let session =
        request.ensureMultipart
        ? try await desk.findForSending(file, account: account, user: user, now: now())
        : try await desk.find(file, account: account, user: user, now: now())
      return GetUploadResponse(upload: Upload(session))
    }
  }

  func closeUpload(_ request: CloseUploadRequest, context: ServerContext) async throws -> CloseUploadResponse {
    let account = try CallerIdentity.scope(context)
    let file = try Self.file(request.fileId)
    guard let status = request.status.sessionStatus, !status.isOpen else {
      throw RPCError.field("status", "must be completed, failed, aborted or expired")
    }
    guard request.actualCostMicroDollars >= 0 else { throw RPCError.field("actualCostMicroDollars", "must be at least 0") }
    guard request.bytesUploaded <= UInt64(Int64.max) else { throw RPCError.field("bytesUploaded", "is too large") }
    return try await RPCError.translating(log) {
      try await desk.close(
        file, account: account, status: status, bytesUploaded: ByteCount(request.bytesUploaded),
        actualCost: MicroDollars(request.actualCostMicroDollars), now: now())
      return CloseUploadResponse()
    }
  }

  func listExpired(_ request: ListExpiredRequest, context: ServerContext) async throws -> ListExpiredResponse {
    guard try CallerIdentity.scope(context) == nil else {
      throw RPCError(.permissionDenied, "expired uploads of all accounts are for services only")
    }
    return try await RPCError.translating(log) {
      ListExpiredResponse(uploads: try await desk.expired(limit: request.limit, now: now()).map { Upload($0) })
    }
  }

  // MARK: State

  func saveState(_ request: SaveStateRequest, context: ServerContext) async throws -> SaveStateResponse {
    let owner = try owner(context, user: request.userId)
    let file = try Self.file(request.fileId)
    guard let state = request.state else { throw RPCError.field("state", "is required") }
    let report = try state.report(file: request.fileId)
    return try await RPCError.translating(log) {
      SaveStateResponse(ok: true, expiresAt: try await desk.save(report, file: file, owner: owner, now: now()))
    }
  }

  func getState(_ request: GetStateRequest, context: ServerContext) async throws -> GetStateResponse {
    let owner = try owner(context, user: request.userId)
    let file = try Self.file(request.fileId)
    return try await RPCError.translating(log) {
      GetStateResponse(state: try await desk.state(of: file, owner: owner, now: now()).map { SavedState($0) })
    }
  }

  func watchState(_ request: WatchStateRequest, to responses: RPCWriter<StateEvent>, context: ServerContext) async throws {
    let owner = try owner(context, user: request.userId)
    let file = try Self.file(request.fileId)
    try await RPCError.translating(log) {
      try await watch.run(file, owner: owner) { try await responses.write($0) }
    }
  }

  // MARK: Statistics

  func getStats(_ request: GetStatsRequest, context: ServerContext) async throws -> GetStatsResponse {
    let account = try CallerIdentity.account(context)
    let user = try request.userId.isEmpty ? nil : Self.user(request.userId)
    return try await RPCError.translating(log) {
      let moment = now()
      return GetStatsResponse(try await statistics.statistics(account: account, user: user, now: moment), now: moment)
    }
  }

  // MARK: Words

  private func owner(_ context: ServerContext, user: String) throws(RPCError) -> SessionOwner {
    SessionOwner(account: try CallerIdentity.account(context), user: try Self.user(user))
  }

  private static func file(_ text: String) throws(RPCError) -> FileID {
    guard let file = FileID(text) else { throw .field("fileId", "must be \"file_\" followed by 26 lower-case base32 characters") }
    return file
  }

  private static func user(_ text: String) throws(RPCError) -> UserID {
    guard let user = UserID(text) else { throw .field("userId", "must be 1 to 64 characters of A-Z, a-z, 0-9, _ and -") }
    return user
  }
}

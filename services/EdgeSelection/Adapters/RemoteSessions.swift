import Contracts
import Model
import RPC

/// Sessions at UploadState. The caller's account goes along with every call as metadata.
struct RemoteSessions: UploadSessions {
  let uploads: UploadStateClient
  var limits = EdgeLimits()

  func open(_ session: UploadSession) async throws -> UploadSession {
    let upload = Upload(
      fileId: session.fileID.text, accountId: session.caller.account.text, userId: session.caller.user.text,
      fileHash: session.fileHash?.text ?? "",
      plan: Contracts.UploadPlan(
        fileSize: session.plan.fileSize.rawValue, chunkSize: session.plan.chunkSize.rawValue, chunksTotal: session.plan.chunksTotal),
      threads: session.threads, edges: session.edges.map(\.text), estimatedCostMicroDollars: session.estimatedCost.rawValue,
      fileName: session.fileName ?? "", fileType: session.mediaType ?? "", status: .inProgress,
      objectKey: "files/\(session.caller.account)/\(session.caller.user)/\(session.fileID)")
    let response = try await uploads.openUpload(
      OpenUploadRequest(upload: upload), options: CallOptions(timeoutMilliseconds: limits.sessionMilliseconds))
    guard let opened = response.upload else { throw Self.nonsense }
    return try Self.session(from: opened)
  }

  func find(_ file: FileID, account: AccountID, user: UserID?) async throws -> UploadSession? {
    let request = GetUploadRequest(fileId: file.text, userId: user?.text ?? "")
    do {
      let response = try await uploads.getUpload(request, options: CallOptions(timeoutMilliseconds: limits.sessionMilliseconds))
      guard let upload = response.upload else { return nil }
      let session = try Self.session(from: upload)
      // UploadState has looked already; a token is not signed on trust.
      guard session.caller.account == account, user == nil || session.caller.user == user else { return nil }
      return session
    } catch let error as RPCError where error.code == .notFound {
      return nil
    }
  }

  private static var nonsense: RPCError { RPCError(.internalError, "the session could not be read") }

  private static func session(from upload: Upload) throws(RPCError) -> UploadSession {
    guard let id = FileID(upload.fileId), let account = AccountID(upload.accountId), let user = UserID(upload.userId), let cut = upload.plan,
      let plan = Model.UploadPlan(fileSize: ByteCount(cut.fileSize), chunkSize: ByteCount(cut.chunkSize), chunksTotal: cut.chunksTotal)
    else { throw nonsense }
    return UploadSession(
      fileID: id, caller: Caller(account: account, user: user), fileHash: ContentHash(upload.fileHash),
      fileName: upload.fileName.isEmpty ? nil : upload.fileName, mediaType: upload.fileType.isEmpty ? nil : upload.fileType, plan: plan,
      threads: upload.threads, edges: upload.edges.compactMap { EdgeID($0) }, estimatedCost: MicroDollars(upload.estimatedCostMicroDollars),
      isOpen: upload.status == .inProgress || upload.status == .paused, expiresAt: upload.expiresAt)
  }
}

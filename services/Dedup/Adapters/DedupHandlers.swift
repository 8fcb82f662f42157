import Contracts
import Logging
import Model
import ObjectStore
import Postgres
import RPC
import ServiceKit

/// The RPCs of Dedup.
struct DedupHandlers: DedupService {
  let finder: DuplicateFinder
  let signer: ObjectURLSigner
  let metrics: DedupMetrics
  let log: Logger
  var limits = DedupLimits()

  func checkDuplicate(_ request: CheckDuplicateRequest, context: ServerContext) async throws -> CheckDuplicateResponse {
    let account = try CallerIdentity.account(context)
    guard let hash = ContentHash(request.fileHash) else { throw RPCError.field("fileHash", "must be a SHA-256") }
    var user: UserID?
    if !request.userId.isEmpty {
      user = UserID(request.userId)
      guard user != nil else { throw RPCError.field("userId", "is no user id") }
    }
    let size = ByteCount(request.fileSize)
    let description = request.fileName.isEmpty ? nil : FileDescription(name: request.fileName, type: request.fileType, size: size)
    let question = DuplicateFinder.Question(account: account, user: user, hash: hash, size: size, description: description)
    let match = try await translating { try await finder.find(question) }
    metrics.answered(match, savedBytes: size)
    return CheckDuplicateResponse(duplicate: try match.map { try answer($0) })
  }

  func registerFile(_ request: RegisterFileRequest, context: ServerContext) async throws -> RegisterFileResponse {
    let file = try storedFile(request)
    if let scope = try CallerIdentity.scope(context), scope != file.account {
      throw RPCError(.permissionDenied, "the call is limited to another account")
    }
    try await translating { try await finder.register(file) }
    return RegisterFileResponse()
  }

  func forgetFile(_ request: ForgetFileRequest, context: ServerContext) async throws -> ForgetFileResponse {
    guard let file = FileID(request.fileId) else { throw RPCError.field("fileId", "is no file id") }
    guard let account = AccountID(request.accountId) else { throw RPCError.field("accountId", "is no account id") }
    if let scope = try CallerIdentity.scope(context), scope != account { throw RPCError(.permissionDenied, "the call is limited to another account") }
    try await translating { try await finder.forget(file, account: account) }
    return ForgetFileResponse()
  }

  private func answer(_ match: Match) throws -> DuplicateFile {
    let key = try ObjectKey(match.objectKey)
    let url = signer.presignedGet(key: key, expiresInSeconds: limits.urlSeconds, fileName: match.name.isEmpty ? nil : match.name)
    return DuplicateFile(
      fileId: match.id.text, url: url.url, similarity: match.similarity, type: match.kind == .exact ? .exact : .similar)
  }

  private func storedFile(_ request: RegisterFileRequest) throws -> StoredFile {
    guard let id = FileID(request.fileId) else { throw RPCError.field("fileId", "is no file id") }
    guard let account = AccountID(request.accountId) else { throw RPCError.field("accountId", "is no account id") }
    guard let user = UserID(request.userId) else { throw RPCError.field("userId", "is no user id") }
    guard let hash = ContentHash(request.fileHash) else { throw RPCError.field("fileHash", "must be a SHA-256") }
    guard (try? ObjectKey(request.objectKey)) != nil else { throw RPCError.field("objectKey", "is no object key") }
    let size = ByteCount(request.fileSize)
    guard size <= UploadPlan.fileSizeMax else { throw RPCError.field("fileSize", "must be at most \(UploadPlan.fileSizeMax.rawValue)") }
    return StoredFile(
      id: id, account: account, user: user, hash: hash, size: size,
      description: FileDescription(name: request.fileName, type: request.fileType, size: size), objectKey: request.objectKey,
      isVerified: request.verified)
  }

  private func translating<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch let error as PostgresError {
      throw RPCError(error, log: log)
    } catch let error as RemoteEmbedder.Failure {
      log.warning("the embedder failed", metadata: ["error": "\(error)"])
      throw RPCError.problem(.unavailable, reason: "EMBEDDER_UNAVAILABLE", message: "the embedder does not answer just now", retryAfterSeconds: 5)
    }
  }
}

import Contracts
import Logging
import Model
import Postgres
import RPC
import ServiceKit

/// `jetty.v1.Finalize` on top of the domain. The caller's account comes as metadata `jetty-account`.
public struct FinalizeRPC: FinalizeService, Sendable {
  let finalizer: Finalizer
  let cloner: Cloner
  let abandoner: Abandoner
  let ledger: any FileLedger
  let metrics: FinalizeMetrics
  let log: Logger

  public func finalizeUpload(_ request: FinalizeUploadRequest, context: ServerContext) async throws -> FinalizeUploadResponse {
    let account = try CallerIdentity.account(context)
    return try await answering("FinalizeUpload", request.fileId) {
      let file = try await finalizer.finalize(
        try Subject.file(request.fileId, "fileId"), account: account, user: try Subject.user(request.userId), chunksTotal: request.totalChunks)
      metrics.finalized.increment()
      metrics.finalizedBytes.increment(by: file.file.size.rawValue)
      return FinalizeUploadResponse(file: File(file))
    }
  }

  public func cloneFile(_ request: CloneFileRequest, context: ServerContext) async throws -> CloneFileResponse {
    let account = try CallerIdentity.account(context)
    return try await answering("CloneFile", request.sourceFileId) {
      let clone = try await cloner.clone(
        try Subject.file(request.sourceFileId, "sourceFileId"), account: account, user: try Subject.user(request.userId),
        name: request.fileName.isEmpty ? nil : request.fileName, mediaType: request.fileType.isEmpty ? nil : request.fileType)
      metrics.cloned.increment()
      metrics.savedBytes.increment(by: clone.file.file.size.rawValue)
      return CloneFileResponse(
        file: File(clone.file), savedBytes: clone.file.file.size.rawValue, savedCostMicroDollars: clone.savedCost.rawValue)
    }
  }

  public func abortUpload(_ request: AbortUploadRequest, context: ServerContext) async throws -> AbortUploadResponse {
    let account = try CallerIdentity.account(context)
    return try await answering("AbortUpload", request.fileId) {
      try await abandoner.abort(try Subject.file(request.fileId, "fileId"), account: account, user: try Subject.user(request.userId))
      metrics.aborted.increment()
      return AbortUploadResponse(ok: true)
    }
  }

  public func getUsage(_ request: GetUsageRequest, context: ServerContext) async throws -> GetUsageResponse {
    let account = try CallerIdentity.account(context)
    return try await answering("GetUsage", "") {
      let user = request.userId.isEmpty ? nil : try Subject.user(request.userId)
      let totals = try await ledger.usage(account: account, user: user)
      return GetUsageResponse(
        transferredBytes: totals.transferred.rawValue, costMicroDollars: totals.cost.rawValue, savedBytes: totals.saved.rawValue,
        savedCostMicroDollars: totals.savedCost.rawValue, files: totals.files, duplicates: totals.duplicates)
    }
  }

  /// Says what went wrong to the caller in words that are safe, and to the log in full.
  private func answering<Response>(_ method: String, _ file: String, _ body: () async throws -> Response) async throws -> Response {
    do {
      return try await body()
    } catch let error as FinalizeError {
      let answer = RPCError(error)
      if answer.code == .internalError || answer.code == .dataLoss || answer.code == .unavailable {
        log.error("a call of Finalize failed", metadata: ["method": "\(method)", "file": "\(file)", "error": "\(error)"])
      }
      throw answer
    } catch let error as PostgresError {
      throw RPCError(error, log: log)
    } catch let error as VaultError {
      log.error("a call of Finalize failed", metadata: ["method": "\(method)", "file": "\(file)", "error": "\(error)"])
      throw RPCError(error.forCaller)
    }
  }
}

/// What a call is about. The generated checks have run; these give the values their types.
enum Subject {
  static func user(_ text: String) throws(RPCError) -> UserID {
    guard let user = UserID(text) else {
      throw .problem(
        .invalidArgument, reason: "INVALID_FIELD", field: "userId", message: "userId must be 1 to 64 letters, digits, underscores or hyphens")
    }
    return user
  }

  static func file(_ text: String, _ field: String) throws(RPCError) -> FileID {
    guard let file = FileID(text) else {
      throw .problem(
        .invalidArgument, reason: "INVALID_FIELD", field: field, message: "\(field) must be \"file_\" followed by 26 lower-case base32 characters")
    }
    return file
  }
}

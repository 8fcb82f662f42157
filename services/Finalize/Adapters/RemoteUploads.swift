import Contracts
import Model
import RPC
import ServiceKit

/// Sessions at UploadState and chunk maps at ChunkMetadata.
struct RemoteUploads: UploadDirectory, ChunkMap {
  let uploads: UploadStateClient
  let metadata: ChunkMetadataClient
  var limits = FinalizeLimits()

  func upload(_ file: FileID, account: AccountID, user: UserID) async throws -> FinishingUpload? {
    do {
      let request = GetUploadRequest(fileId: file.text, userId: user.text)
      guard let upload = try await uploads.getUpload(request, options: .internalCall(for: account, limits)).upload else { return nil }
      let found = try FinishingUpload(upload)
      // UploadState has looked already; an object is not written on trust.
      guard found.account == account, found.user == user, found.file == file else { return nil }
      return found
    } catch let error as RPCError where error.code == .notFound {
      return nil
    }
  }

  func expired(limit: UInt32) async throws -> [FinishingUpload] {
    // On behalf of nobody: the sweeper looks at every account.
    let options = CallOptions(timeoutMilliseconds: limits.peerMilliseconds, metadata: [CallerIdentity.serviceKey: "finalize"])
    return try await uploads.listExpired(ListExpiredRequest(limit: limit), options: options).uploads.map { try FinishingUpload($0) }
  }

  func chunks(of file: FileID, account: AccountID) async throws -> [RecordedChunk] {
    let response = try await metadata.listChunks(ListChunksRequest(fileId: file.text), options: .internalCall(for: account, limits))
    return response.chunks.map { RecordedChunk(index: $0.index, size: ByteCount($0.size), etag: $0.etag) }
  }
}

extension CallOptions {
  /// A call to another service on behalf of an account; also from work that no caller waits for.
  static func internalCall(for account: AccountID, _ limits: FinalizeLimits) -> CallOptions {
    CallOptions(timeoutMilliseconds: limits.peerMilliseconds, metadata: [CallerIdentity.accountKey: account.text])
  }
}

extension FinishingUpload {
  init(_ upload: Upload) throws(RPCError) {
    guard let file = FileID(upload.fileId), let account = AccountID(upload.accountId), let user = UserID(upload.userId), let cut = upload.plan,
      let plan = Model.UploadPlan(fileSize: ByteCount(cut.fileSize), chunkSize: ByteCount(cut.chunkSize), chunksTotal: cut.chunksTotal)
    else { throw RPCError(.internalError, "the session of this upload could not be read") }
    self.init(
      file: file, account: account, user: user, hash: ContentHash(upload.fileHash), name: upload.fileName, mediaType: upload.fileType, plan: plan,
      objectKey: upload.objectKey, multipartID: upload.multipartUploadId, status: Status(upload.status))
  }
}

extension FinishingUpload.Status {
  init(_ status: UploadStatus) {
    switch status {
    case .completed: self = .completed
    case .aborted, .expired, .failed: self = .ended
    default: self = .open
    }
  }
}

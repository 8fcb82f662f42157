import Contracts
import Model
import ObjectStore
import RPC

/// ChunkMetadata and UploadState in memory, behind a real RPC server. Loop thread only.
final class FakeCore: @unchecked Sendable {
  struct Place: Hashable {
    let file: String
    let index: UInt32
  }

  struct Record: Equatable {
    var hash: String
    var etag: String?
  }

  let store: any ObjectStore
  var chunks: [Place: Record] = [:]
  var uploads: [String: (key: ObjectKey, id: MultipartID)] = [:]
  var uploadStatus = UploadStatus.inProgress
  var getUploadCalls = 0
  /// ChunkMetadata answers UNAVAILABLE.
  var isDown = false
  /// So many records fail before one succeeds.
  var recordFailures = 0
  var heartbeats: [HeartbeatRequest] = []

  init(store: any ObjectStore) { self.store = store }

  /// Only the methods that an edge calls.
  func add(to router: RPCRouter) {
    router.unary(ChunkMetadataMethods.claimChunk) { (request: ClaimChunkRequest, context: ServerContext) in try self.claim(request, context) }
    router.unary(ChunkMetadataMethods.recordChunk) { (request: RecordChunkRequest, context: ServerContext) in try self.record(request, context) }
    router.unary(ChunkMetadataMethods.releaseChunk) { (request: ReleaseChunkRequest, context: ServerContext) in
      try self.check(context)
      self.chunks[Place(file: request.fileId, index: request.chunkIndex)] = nil
      return ReleaseChunkResponse()
    }
    router.unary(UploadStateMethods.getUpload) { (request: GetUploadRequest, context: ServerContext) in try await self.upload(request, context) }
    router.unary(EdgeSelectionMethods.heartbeat) { (request: HeartbeatRequest, context: ServerContext) in
      self.heartbeats.append(request)
      return HeartbeatResponse(nextInSeconds: 1)
    }
  }

  private func check(_ context: ServerContext) throws {
    guard context.metadata["authorization"]?.hasPrefix("Bearer ") == true, context.metadata["jetty-account"] == Fixture.account.text else {
      throw RPCError(.unauthenticated, "the edge must pass on the token and the account")
    }
    if isDown { throw RPCError(.unavailable, "down for the test") }
  }

  private func claim(_ request: ClaimChunkRequest, _ context: ServerContext) throws -> ClaimChunkResponse {
    try check(context)
    let place = Place(file: request.fileId, index: request.chunkIndex)
    guard let known = chunks[place] else {
      chunks[place] = Record(hash: request.hash, etag: nil)
      return ClaimChunkResponse()
    }
    guard known.hash == request.hash else {
      throw RPCError.problem(.alreadyExists, reason: "CHUNK_CONFLICT", field: "chunkIndex", message: "Other bytes have this place.")
    }
    return ClaimChunkResponse(alreadyStored: known.etag != nil, etag: known.etag ?? "")
  }

  private func record(_ request: RecordChunkRequest, _ context: ServerContext) throws -> RecordChunkResponse {
    try check(context)
    guard recordFailures == 0 else {
      recordFailures -= 1
      throw RPCError(.unavailable, "not now")
    }
    chunks[Place(file: request.fileId, index: request.chunkIndex)] = Record(hash: request.hash, etag: request.etag)
    return RecordChunkResponse(chunksStored: 1)
  }

  private func upload(_ request: GetUploadRequest, _ context: ServerContext) async throws -> GetUploadResponse {
    try check(context)
    getUploadCalls += 1
    if uploads[request.fileId] == nil {
      let key = try ObjectKey.file(account: Fixture.account.text, user: Fixture.user.text, file: request.fileId)
      let id = try await store.createMultipart(key: key, contentType: nil, partSize: UInt64(Fixture.chunkSize))
      uploads[request.fileId] = (key, id)
    }
    guard let upload = uploads[request.fileId] else { throw RPCError(.internalError, "unreachable") }
    return GetUploadResponse(
      upload: Upload(
        fileId: request.fileId, status: uploadStatus, objectKey: upload.key.description, multipartUploadId: upload.id.description))
  }
}

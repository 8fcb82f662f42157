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

  func add(to router: RPCRouter) {
    router.add(ChunkService(core: self))
    router.add(StateService(core: self))
    router.unary(EdgeSelectionMethods.heartbeat) { (request: HeartbeatRequest, context: ServerContext) async throws -> HeartbeatResponse in
      self.heartbeats.append(request)
      return HeartbeatResponse(nextInSeconds: 1)
    }
  }

  fileprivate func check(_ context: ServerContext) throws {
    guard context.metadata["authorization"]?.hasPrefix("Bearer ") == true, context.metadata["jetty-account"] == Fixture.account.text else {
      throw RPCError(.unauthenticated, "the edge must pass on the token and the account")
    }
    if isDown { throw RPCError(.unavailable, "down for the test") }
  }
}

private struct ChunkService: ChunkMetadataService {
  let core: FakeCore

  func claimChunk(_ request: ClaimChunkRequest, context: ServerContext) async throws -> ClaimChunkResponse {
    try core.check(context)
    let place = FakeCore.Place(file: request.fileId, index: request.chunkIndex)
    guard let known = core.chunks[place] else {
      core.chunks[place] = FakeCore.Record(hash: request.hash, etag: nil)
      return ClaimChunkResponse()
    }
    guard known.hash == request.hash else {
      throw RPCError.problem(.alreadyExists, reason: "CHUNK_CONFLICT", field: "chunkIndex", message: "Other bytes have this place.")
    }
    return ClaimChunkResponse(alreadyStored: known.etag != nil, etag: known.etag ?? "")
  }

  func recordChunk(_ request: RecordChunkRequest, context: ServerContext) async throws -> RecordChunkResponse {
    try core.check(context)
    guard core.recordFailures == 0 else {
      core.recordFailures -= 1
      throw RPCError(.unavailable, "not now")
    }
    core.chunks[FakeCore.Place(file: request.fileId, index: request.chunkIndex)] = FakeCore.Record(hash: request.hash, etag: request.etag)
    return RecordChunkResponse(chunksStored: 1)
  }

  func releaseChunk(_ request: ReleaseChunkRequest, context: ServerContext) async throws -> ReleaseChunkResponse {
    try core.check(context)
    core.chunks[FakeCore.Place(file: request.fileId, index: request.chunkIndex)] = nil
    return ReleaseChunkResponse()
  }
}

private struct StateService: UploadStateService {
  let core: FakeCore

  func getUpload(_ request: GetUploadRequest, context: ServerContext) async throws -> GetUploadResponse {
    try core.check(context)
    core.getUploadCalls += 1
    if core.uploads[request.fileId] == nil {
      let key = try ObjectKey.file(account: Fixture.account.text, user: Fixture.user.text, file: request.fileId)
      let id = try await core.store.createMultipart(key: key, contentType: nil, partSize: UInt64(Fixture.chunkSize))
      core.uploads[request.fileId] = (key, id)
    }
    guard let upload = core.uploads[request.fileId] else { throw RPCError(.internalError, "unreachable") }
    return GetUploadResponse(
      upload: Upload(
        fileId: request.fileId, status: core.uploadStatus, objectKey: upload.key.description, multipartUploadId: upload.id.description))
  }
}

// What these tests do not call.
extension ChunkMetadataService {
  func cacheChunk(_ request: CacheChunkRequest, context: ServerContext) async throws -> CacheChunkResponse { throw RPCError(.unimplemented, "") }
  func listChunks(_ request: ListChunksRequest, context: ServerContext) async throws -> ListChunksResponse { throw RPCError(.unimplemented, "") }
  func missingChunks(_ request: MissingChunksRequest, context: ServerContext) async throws -> MissingChunksResponse {
    throw RPCError(.unimplemented, "")
  }
  func dropChunks(_ request: DropChunksRequest, context: ServerContext) async throws -> DropChunksResponse { throw RPCError(.unimplemented, "") }
}

extension UploadStateService {
  func openUpload(_ request: OpenUploadRequest, context: ServerContext) async throws -> OpenUploadResponse { throw RPCError(.unimplemented, "") }
  func saveState(_ request: SaveStateRequest, context: ServerContext) async throws -> SaveStateResponse { throw RPCError(.unimplemented, "") }
  func getState(_ request: GetStateRequest, context: ServerContext) async throws -> GetStateResponse { throw RPCError(.unimplemented, "") }
  func watchState(_ request: WatchStateRequest, to responses: RPCWriter<StateEvent>, context: ServerContext) async throws {
    throw RPCError(.unimplemented, "")
  }
  func closeUpload(_ request: CloseUploadRequest, context: ServerContext) async throws -> CloseUploadResponse { throw RPCError(.unimplemented, "") }
  func listExpired(_ request: ListExpiredRequest, context: ServerContext) async throws -> ListExpiredResponse { throw RPCError(.unimplemented, "") }
  func getStats(_ request: GetStatsRequest, context: ServerContext) async throws -> GetStatsResponse { throw RPCError(.unimplemented, "") }
}

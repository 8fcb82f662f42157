import Contracts
import Model
import RPC

/// UploadState, ChunkMetadata and Dedup as far as Finalize asks them, in memory. Loop-bound.
final class PeerServices: @unchecked Sendable {
  var uploads: [String: Upload] = [:]
  var chunks: [String: [Chunk]] = [:]
  /// What was told, in order: "register file_… verified=false", "close file_… completed", "drop file_…".
  var heard: [String] = []
  /// Calls to Dedup that fail before one succeeds.
  var dedupFailures = 0

  func addTo(_ router: RPCRouter) {
    router.add(FakeUploadState(peers: self))
    router.add(FakeChunkMetadata(peers: self))
    router.add(FakeDedup(peers: self))
  }

  fileprivate static func account(_ context: ServerContext) throws -> String {
    guard let account = context.metadata["jetty-account"] else { throw RPCError(.unauthenticated, "no account") }
    return account
  }
}

private struct FakeUploadState: RPCService {
  static let descriptor = UploadStateMethods.descriptor
  let peers: PeerServices

  func register(in router: RPCRouter) {
    router.unary(UploadStateMethods.getUpload) { (request: GetUploadRequest, context: ServerContext) async throws -> GetUploadResponse in
      guard let upload = peers.uploads[request.fileId], upload.accountId == (try PeerServices.account(context)), upload.userId == request.userId
      else { throw RPCError(.notFound, "no such upload") }
      return GetUploadResponse(upload: upload)
    }
    router.unary(UploadStateMethods.closeUpload) { (request: CloseUploadRequest, context: ServerContext) async throws -> CloseUploadResponse in
      _ = try PeerServices.account(context)
      peers.uploads[request.fileId]?.status = request.status
      peers.heard.append("close \(request.fileId) \(request.status) \(request.actualCostMicroDollars) \(request.bytesUploaded)")
      return CloseUploadResponse()
    }
    router.unary(UploadStateMethods.listExpired) { (request: ListExpiredRequest, context: ServerContext) async throws -> ListExpiredResponse in
      guard context.metadata["jetty-service"] != nil else { throw RPCError(.permissionDenied, "services only") }
      return ListExpiredResponse(uploads: peers.uploads.values.filter { $0.status == .inProgress && $0.expiresAt == 1 })
    }
  }
}

private struct FakeChunkMetadata: RPCService {
  static let descriptor = ChunkMetadataMethods.descriptor
  let peers: PeerServices

  func register(in router: RPCRouter) {
    router.unary(ChunkMetadataMethods.listChunks) { (request: ListChunksRequest, context: ServerContext) async throws -> ListChunksResponse in
      _ = try PeerServices.account(context)
      return ListChunksResponse(chunks: peers.chunks[request.fileId] ?? [])
    }
    router.unary(ChunkMetadataMethods.dropChunks) { (request: DropChunksRequest, context: ServerContext) async throws -> DropChunksResponse in
      _ = try PeerServices.account(context)
      peers.chunks[request.fileId] = nil
      peers.heard.append("drop \(request.fileId)")
      return DropChunksResponse()
    }
  }
}

private struct FakeDedup: RPCService {
  static let descriptor = DedupMethods.descriptor
  let peers: PeerServices

  func register(in router: RPCRouter) {
    router.unary(DedupMethods.registerFile) { (request: RegisterFileRequest, context: ServerContext) async throws -> RegisterFileResponse in
      try fail()
      peers.heard.append("register \(request.fileId) verified=\(request.verified)")
      return RegisterFileResponse()
    }
    router.unary(DedupMethods.forgetFile) { (request: ForgetFileRequest, context: ServerContext) async throws -> ForgetFileResponse in
      try fail()
      peers.heard.append("forget \(request.fileId)")
      return ForgetFileResponse()
    }
  }

  private func fail() throws {
    guard peers.dedupFailures > 0 else { return }
    peers.dedupFailures -= 1
    throw RPCError(.unavailable, "Dedup is away")
  }
}

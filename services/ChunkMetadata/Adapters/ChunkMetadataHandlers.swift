import Accounts
import Contracts
import Logging
import Model
import RPC
import ServiceKit

/// The RPCs of ChunkMetadata. Edges prove by an upload token what they may write; everybody else is limited to the account in the
/// metadata, or is a service.
struct ChunkMetadataHandlers: ChunkMetadataService {
  let desk: ChunkDesk
  let verifier: UploadTokenVerifier
  let metrics: ChunkMetrics
  let log: Logger
  var limits = ChunkLimits()

  // MARK: Edges

  func claimChunk(_ request: ClaimChunkRequest, context: ServerContext) async throws -> ClaimChunkResponse {
    let grant = try grant(context)
    return try await translating {
      let claim = try grant.claim(
        file: Self.file(request.fileId), index: request.chunkIndex, hash: Self.hash(request.hash), size: ByteCount(request.size),
        edge: Self.edge(request.edgeId))
      let etag = try await desk.claim(claim)
      return ClaimChunkResponse(alreadyStored: etag != nil, etag: etag ?? "")
    }
  }

  func recordChunk(_ request: RecordChunkRequest, context: ServerContext) async throws -> RecordChunkResponse {
    let grant = try grant(context)
    return try await translating {
      let claim = try grant.claim(
        file: Self.file(request.fileId), index: request.chunkIndex, hash: Self.hash(request.hash), size: ByteCount(request.size),
        edge: Self.edge(request.edgeId))
      let totals = try await desk.record(ChunkReceipt(claim: claim, etag: request.etag))
      metrics.recorded(by: claim.edge, bytes: request.size)
      return RecordChunkResponse(chunksStored: totals.chunks)
    }
  }

  func releaseChunk(_ request: ReleaseChunkRequest, context: ServerContext) async throws -> ReleaseChunkResponse {
    let grant = try grant(context)
    return try await translating {
      let address = try grant.address(file: Self.file(request.fileId), index: request.chunkIndex)
      try await desk.release(address, hash: Self.hash(request.hash), edge: Self.edge(request.edgeId))
      return ReleaseChunkResponse()
    }
  }

  // MARK: Clients

  func cacheChunk(_ request: CacheChunkRequest, context: ServerContext) async throws -> CacheChunkResponse {
    let account = try CallerIdentity.account(context)
    return try await translating {
      try await desk.note(
        file: Self.file(request.fileId), index: request.chunkIndex, hash: Self.hash(request.hash), size: ByteCount(request.size),
        edge: Self.edge(request.edgeId), account: account)
      return CacheChunkResponse(ok: true, ttl: limits.noteSeconds)
    }
  }

  // MARK: Services

  func listChunks(_ request: ListChunksRequest, context: ServerContext) async throws -> ListChunksResponse {
    let account = try CallerIdentity.scope(context)
    return try await translating {
      let chunks = try await desk.chunks(of: Self.file(request.fileId), account: account)
      return ListChunksResponse(
        chunks: chunks.map {
          Chunk(
            index: $0.index.rawValue, hash: $0.hash.text, size: $0.size.rawValue, edgeId: $0.edge.text, etag: $0.etag, storedAt: $0.storedAt)
        })
    }
  }

  func missingChunks(_ request: MissingChunksRequest, context: ServerContext) async throws -> MissingChunksResponse {
    let account = try CallerIdentity.scope(context)
    return try await translating {
      let (missing, totals) = try await desk.missing(of: Self.file(request.fileId), chunksTotal: request.chunksTotal, account: account)
      return MissingChunksResponse(missing: missing, stored: totals.chunks, bytesStored: totals.bytes.rawValue)
    }
  }

  func summarizeChunks(_ request: SummarizeChunksRequest, context: ServerContext) async throws -> SummarizeChunksResponse {
    let account = try CallerIdentity.scope(context)
    return try await translating {
      let portions = try await desk.portions(of: try request.fileIds.map { try Self.file($0) }, account: account)
      let summaries = portions.sorted { $0.key < $1.key }.map { file, portions in
        ChunkSummary(
          fileId: file.text, chunksStored: portions.reduce(0) { $0 + $1.totals.chunks },
          bytesStored: portions.reduce(0) { $0 + $1.totals.bytes.rawValue },
          edges: portions.map { EdgeShare(edgeId: $0.edge.text, chunks: $0.totals.chunks, bytes: $0.totals.bytes.rawValue) })
      }
      return SummarizeChunksResponse(summaries: summaries)
    }
  }

  func dropChunks(_ request: DropChunksRequest, context: ServerContext) async throws -> DropChunksResponse {
    let account = try CallerIdentity.scope(context)
    return try await translating {
      try await desk.drop(Self.file(request.fileId), account: account)
      return DropChunksResponse()
    }
  }

  // MARK: Words

  private func translating<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      return try await RPCError.translating(log, body)
    } catch let error as RPCError where error.code == .alreadyExists {
      metrics.conflicts.increment()
      throw error
    }
  }

  private func grant(_ context: ServerContext) throws(RPCError) -> UploadGrant {
    let token = try CallerIdentity.uploadToken(context, verifier: verifier)
    return UploadGrant(file: token.fileID, account: token.account, plan: token.plan)
  }

  // The contract's rules have checked these formats; what they let through and this build cannot read is still no reason to trap.

  private static func file(_ text: String) throws(RPCError) -> FileID {
    guard let file = FileID(text) else { throw invalid("fileId") }
    return file
  }

  private static func hash(_ text: String) throws(RPCError) -> ContentHash {
    guard let hash = ContentHash(text) else { throw invalid("hash") }
    return hash
  }

  private static func edge(_ text: String) throws(RPCError) -> EdgeID {
    guard let edge = EdgeID(text) else { throw invalid("edgeId") }
    return edge
  }

  private static func invalid(_ field: String) -> RPCError {
    .problem(.invalidArgument, reason: "INVALID_FIELD", field: field, message: "\(field) is not one")
  }
}

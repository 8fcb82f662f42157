import BenchContracts
import RPC

/// The calls that every peer serves.
struct ChunkMetadata: JettyBenchV1.ChunkMetadataService {
  /// A client must not make the server allocate what it likes.
  static let chunkBytesMax: UInt32 = 4 << 20

  func recordChunk(
    _ request: JettyBenchV1.RecordChunkRequest, context: ServerContext
  ) async throws -> JettyBenchV1.RecordChunkResponse {
    JettyBenchV1.RecordChunkResponse(ok: true, ttlSeconds: 3600, echoFileId: request.fileId)
  }

  func putChunk(_ request: JettyBenchV1.Chunk, context: ServerContext) async throws -> JettyBenchV1.ChunkReceipt {
    JettyBenchV1.ChunkReceipt(byteCount: UInt64(request.content.count))
  }

  func getChunk(_ request: JettyBenchV1.ChunkRequest, context: ServerContext) async throws -> JettyBenchV1.Chunk {
    guard request.byteCount <= Self.chunkBytesMax else {
      throw RPCError(.invalidArgument, "byteCount must be at most \(Self.chunkBytesMax)")
    }
    return JettyBenchV1.Chunk(content: [UInt8](repeating: 0x6A, count: Int(request.byteCount)))
  }

  func listChunks(
    _ request: JettyBenchV1.ListChunksRequest, to responses: RPCWriter<JettyBenchV1.RecordChunkResponse>, context: ServerContext
  ) async throws {
    for _ in 0..<request.count {
      try await responses.write(JettyBenchV1.RecordChunkResponse(ok: true, ttlSeconds: 3600, echoFileId: request.fileId))
    }
  }
}

import Contracts
import Model
import RPC

/// The chunk map behind the ChunkMetadata service.
struct RPCChunkMap: ChunkMap {
  let client: ChunkMetadataClient
  let edge: EdgeID

  private static let timeoutMilliseconds: UInt64 = 5_000
  private static let releaseMilliseconds: UInt64 = 2_000

  func claim(_ chunk: Chunk) async throws -> ChunkClaim {
    do {
      let request = ClaimChunkRequest(
        fileId: chunk.fileID.text, chunkIndex: chunk.index.rawValue, hash: chunk.hash.text, edgeId: edge.text, size: chunk.size.rawValue)
      let answer = try await client.claimChunk(request, options: chunk.options(timeoutMilliseconds: Self.timeoutMilliseconds))
      return answer.alreadyStored ? .storedAlready : .granted
    } catch {
      throw CoreFailure.refusal(error)
    }
  }

  func record(_ chunk: Chunk, etag: String) async throws {
    do {
      let request = RecordChunkRequest(
        fileId: chunk.fileID.text, chunkIndex: chunk.index.rawValue, hash: chunk.hash.text, edgeId: edge.text, size: chunk.size.rawValue,
        etag: etag)
      _ = try await client.recordChunk(request, options: chunk.options(timeoutMilliseconds: Self.timeoutMilliseconds))
    } catch {
      throw CoreFailure.refusal(error)
    }
  }

  func release(_ chunk: Chunk) async throws {
    let request = ReleaseChunkRequest(
      fileId: chunk.fileID.text, chunkIndex: chunk.index.rawValue, hash: chunk.hash.text, edgeId: edge.text)
    _ = try await client.releaseChunk(request, options: chunk.options(timeoutMilliseconds: Self.releaseMilliseconds))
  }
}

extension Chunk {
  /// The sender's token and account go with every call about the chunk.
  func options(timeoutMilliseconds: UInt64) -> CallOptions {
    var metadata = Metadata()
    metadata["authorization"] = "Bearer \(token)"
    metadata["jetty-account"] = account.text
    return CallOptions(timeoutMilliseconds: timeoutMilliseconds, metadata: metadata)
  }
}

import BenchContracts
import Postgres
import RPC
import Redis

/// The small call by way of a store. Belongs to the loop of its clients.
struct StoredChunks: JettyBenchV1.StoredChunksService {
  let redis: RedisClient?
  let postgres: PostgresPool?

  func fromRedis(_ request: JettyBenchV1.RecordChunkRequest, context: ServerContext) async throws -> JettyBenchV1.RecordChunkResponse {
    guard let redis else { throw RPCError(.failedPrecondition, "the server was started without --redis") }
    guard try await redis.get("bench:chunk") != nil else { throw RPCError(.notFound, "Redis has no bench:chunk") }
    return JettyBenchV1.RecordChunkResponse(ok: true, ttlSeconds: 3600, echoFileId: request.fileId)
  }

  func fromPostgres(
    _ request: JettyBenchV1.RecordChunkRequest, context: ServerContext
  ) async throws -> JettyBenchV1.RecordChunkResponse {
    guard let postgres else { throw RPCError(.failedPrecondition, "the server was started without --postgres") }
    let rows = try await postgres.query("SELECT size FROM bench_chunks WHERE id = $1::bigint", [.int64(Int64(request.chunkIndex))])
    guard let row = rows.first, try row[0].int64 > 0 else { throw RPCError(.notFound, "PostgreSQL has no such chunk") }
    return JettyBenchV1.RecordChunkResponse(ok: true, ttlSeconds: 3600, echoFileId: request.fileId)
  }
}

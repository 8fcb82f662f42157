import Contracts
import Logging
import Postgres
import RPC
import ServiceKit

extension RPCError {
  /// What a client is told about a refused chunk.
  init(_ error: ChunkError) {
    switch error {
    case .otherFile:
      self = .problem(.permissionDenied, reason: "WRONG_TOKEN", field: "fileId", message: "the upload token is for another file")
    case .indexOutOfRange(let chunksTotal):
      self = .problem(
        .invalidArgument, reason: "INVALID_FIELD", field: "chunkIndex",
        message: chunksTotal == 0
          ? "chunkIndex: this file is empty and has no chunks" : "chunkIndex must be from 0 to \(chunksTotal - 1) for this file")
    case .wrongSize(let planned):
      self = .problem(.invalidArgument, reason: "INVALID_FIELD", field: "size", message: "size must be \(planned.rawValue) bytes for this chunk")
    case .conflict(let address):
      self = .problem(
        .alreadyExists, reason: "CHUNK_CONFLICT", field: "hash",
        message: "other bytes are already claimed or stored for chunk \(address.index) of this file")
    case .uploadNotFound:
      self = .problem(.notFound, reason: "UPLOAD_NOT_FOUND", field: "fileId", message: "there is no such upload")
    case .overloaded:
      self = .problem(.unavailable, reason: "OVERLOADED", message: "too many chunks are being recorded just now", retryAfterSeconds: 1)
    }
  }

  /// What a client is told about any failure of this service; what it is not told goes to the log.
  static func translating<Result>(_ log: Logger, _ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch let error as ChunkError {
      throw RPCError(error)
    } catch let error as PostgresError {
      throw RPCError(error, log: log)
    }
  }
}

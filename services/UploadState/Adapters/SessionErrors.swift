import Contracts
import EventLoops
import Logging
import Model
import ObjectStore
import Postgres
import RPC
import ServiceKit

extension RPCError {
  /// What a client is told about a refused request.
  init(_ error: SessionError) {
    switch error {
    case .notFound:
      self = .problem(.notFound, reason: "UPLOAD_NOT_FOUND", field: "fileId", message: "there is no such upload")
    case .fileTaken:
      self = .problem(.alreadyExists, reason: "FILE_ID_TAKEN", field: "upload.fileId", message: "another upload has this fileId")
    case .ended(let status):
      let words = status == .completed ? "is complete" : status == .expired ? "has expired" : "was given up"
      self = .problem(.failedPrecondition, reason: "UPLOAD_ENDED", field: "fileId", message: "the upload \(words)")
    case .indexOutOfRange(let field, let chunksTotal):
      self = .field(field, chunksTotal == 0 ? "must be empty: the file has no chunks" : "must hold numbers from 0 to \(chunksTotal - 1)")
    case .contradicts(let field, let expected):
      self = .field(field, expected)
    case .overloaded(let why):
      self = .problem(.unavailable, reason: "OVERLOADED", message: why, retryAfterSeconds: 1)
    }
  }

  static func edges(_ texts: [String], _ field: String) throws(RPCError) -> [EdgeID] {
    guard texts.count <= SessionLimits.edgesMax else { throw .field(field, "must have at most \(SessionLimits.edgesMax) items") }
    var edges: [EdgeID] = []
    for text in texts {
      guard let edge = EdgeID(text) else { throw .field(field, "must be 1 to 50 characters of a-z, 0-9 and - each") }
      edges.append(edge)
    }
    return edges
  }

  /// What a client is told about any failure of this service; what it is not told goes to the log.
  static func translating<Result>(_ log: Logger, _ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch let error as SessionError {
      throw RPCError(error)
    } catch let error as PostgresError {
      throw RPCError(error, log: log)
    } catch let error as ObjectStoreError where error.isRetryable {
      log.warning("the object store failed", metadata: ["error": "\(error)"])
      if error == .storeFull { throw unavailable("STORE_FULL", "the object store has no room just now", seconds: 30) }
      throw unavailable("STORE_UNAVAILABLE", "the object store does not answer just now")
    } catch is TimeoutError {
      throw unavailable("STORE_UNAVAILABLE", "the object store does not answer just now")
    } catch let error as ObjectStoreError {
      log.error("the object store refused", metadata: ["error": "\(error)"])
      throw RPCError.problem(.internalError, reason: "INTERNAL", message: "the service failed")
    }
  }

  static func unavailable(_ reason: String, _ message: String, seconds: UInt32 = 5) -> RPCError {
    .problem(.unavailable, reason: reason, message: message, retryAfterSeconds: seconds)
  }
}

import Contracts
import Doors
import HTTPServer
import JSON
import RPC

/// The HTTP doors of an edge: chunks as documented JSON or as raw bytes, warm-up, health. Loop thread only.
final class EdgeHTTPDoor: @unchecked Sendable {
  private let worker: EdgeWorker
  private var spooling = 0

  /// JSON chunks of one loop that wait in files for their hash.
  private static let spoolingMax = 32

  init(_ worker: EdgeWorker) { self.worker = worker }

  func handle(_ request: HTTPRequest) async -> HTTPResponse {
    await RequestScope.run(request) { await answer(request) }
  }

  private func answer(_ request: HTTPRequest) async -> HTTPResponse {
    if let preflight = worker.cors.preflight(request) {
      request.record.route = "preflight"
      return preflight
    }
    var response: HTTPResponse
    do {
      response = try await route(request)
    } catch {
      response = .problem(for: error)
    }
    worker.cors.apply(to: &response, of: request)
    return response
  }

  private func route(_ request: HTTPRequest) async throws -> HTTPResponse {
    switch request.path {
    case "/api/edge/upload-chunk", "/api/warmup", "/healthz": request.record.route = request.path
    default: break
    }
    switch request.path {
    case "/api/edge/upload-chunk":
      return request.method == "POST" ? try await uploadJSON(request) : .notAllowed("POST")
    case "/api/warmup":
      guard request.method == "POST" else { return .notAllowed("POST") }
      try await worker.warmer.run()
      return .json(Array(#"{"ok":true}"#.utf8))
    case "/healthz":
      return request.method == "GET" || request.method == "HEAD" ? health() : .notAllowed("GET, HEAD")
    default:
      let parts = request.path.split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count == 7, request.path.hasPrefix("/api/edge/files/"), parts[5] == "chunks" else {
        return .problem(404, "There is nothing at this path.", reason: "NOT_FOUND")
      }
      request.record.route = "/api/edge/files/{fileId}/chunks/{index}"
      guard request.method == "PUT" else { return .notAllowed("PUT") }
      return try await uploadRaw(request, fileID: String(parts[4]), index: String(parts[6]))
    }
  }

  private func uploadRaw(_ request: HTTPRequest, fileID: String, index: String) async throws -> HTTPResponse {
    let admission = try worker.gate.admit(request.fields["authorization"])
    let incoming = try IncomingChunk.raw(request, fileID: fileID, index: index, plainBytesMax: admission.chunkBytesMax)
    return try await store(request, incoming, admission)
  }

  private func uploadJSON(_ request: HTTPRequest) async throws -> HTTPResponse {
    let admission = try worker.gate.admit(request.fields["authorization"])
    // Base64 makes 4 of 3; escaped slashes may nearly double some of it.
    request.body.bytesMax = min(request.body.bytesMax, admission.chunkBytesMax * 2 + UInt64(DoorLimits.overheadBytesMax))
    guard spooling < Self.spoolingMax else { throw RPCError(ChunkRefusal.busy(retryAfterSeconds: 1), field: "data") }
    spooling += 1
    let incoming: IncomingChunk
    do {
      defer { spooling -= 1 }
      incoming = try await IncomingChunk.json(request, plainBytesMax: admission.chunkBytesMax, spoolDirectory: worker.spoolDirectory)
    }
    return try await store(request, incoming, admission)
  }

  private func store(_ request: HTTPRequest, _ incoming: IncomingChunk, _ admission: TokenGate.Admission) async throws -> HTTPResponse {
    let chunk = try admission.chunk(incoming.announcement)
    do {
      if let announced = incoming.announcedBytes { try check(announced, chunk) }
      let receipt = try await worker.intake.take(chunk, SourceBytes(incoming.source))
      if receipt.wasStoredAlready { try await request.settleBody() }
      return .json(UploadChunkResponse(ok: true, alreadyStored: receipt.wasStoredAlready, size: receipt.size.rawValue).json)
    } catch {
      throw worker.shown(error, field: incoming.field, chunk)
    }
  }

  private func check(_ announced: UInt64, _ chunk: Chunk) throws(ChunkRefusal) {
    let expected = chunk.size.rawValue
    if announced > expected { throw .tooManyBytes(expected: expected) }
    if announced < expected { throw .tooFewBytes(expected: expected, received: announced) }
  }

  private func health() -> HTTPResponse {
    var json = JSONWriter()
    json.beginObject()
    json.key("status")
    json.string("ok")
    json.key("edgeId")
    json.string(worker.description.id.text)
    json.key("load")
    json.integer(UInt64(worker.activity.loadPercent))
    json.key("activeUploads")
    json.integer(Int64(worker.activity.activeChunks))
    json.endObject()
    return .json(json.bytes)
  }
}

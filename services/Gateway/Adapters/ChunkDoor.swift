import Accounts
import Contracts
import Doors
import HTTPServer
import Model
import RPC

/// Chunks that come to the gateway: taken as an edge would take them, and sent on to one. Loop thread only.
final class ChunkDoor: @unchecked Sendable {
  private let authentication: Authentication
  private let routes: UploadRoutes
  private let forwarder: ChunkForwarder
  private let limits: GatewayLimits
  private let spoolDirectory: String
  private(set) var active = 0

  init(authentication: Authentication, routes: UploadRoutes, forwarder: ChunkForwarder, limits: GatewayLimits, spoolDirectory: String) {
    self.authentication = authentication
    self.routes = routes
    self.forwarder = forwarder
    self.limits = limits
    self.spoolDirectory = spoolDirectory
  }

  /// `POST /api/edge/upload-chunk`.
  func uploadJSON(_ request: GatewayRequest) async throws -> HTTPResponse {
    try await admitted(request) { sender, bytesMax in
      request.http.body.bytesMax = min(request.http.body.bytesMax, bytesMax * 2 + UInt64(DoorLimits.overheadBytesMax))
      return try await IncomingChunk.json(request.http, plainBytesMax: bytesMax, spoolDirectory: self.spoolDirectory)
    }
  }

  /// `PUT /api/edge/files/{fileId}/chunks/{index}`.
  func uploadRaw(_ request: GatewayRequest, fileID: String, index: String) async throws -> HTTPResponse {
    try await admitted(request) { _, bytesMax in
      try IncomingChunk.raw(request.http, fileID: fileID, index: index, plainBytesMax: bytesMax)
    }
  }

  private func admitted(
    _ request: GatewayRequest, _ open: (Caller, UInt64) async throws -> IncomingChunk
  ) async throws -> HTTPResponse {
    let (caller, token) = try await authentication.chunkSender(request)
    guard active < limits.chunksMax else {
      throw RPCError.problem(
        .unavailable, reason: "BUSY", message: "This gateway is passing on as many chunks as it can. Send the chunk again, or to an edge.",
        retryAfterSeconds: 1)
    }
    active += 1
    defer { active -= 1 }
    let bytesMax = token.map { min($0.plan.chunkSize.rawValue, $0.plan.fileSize.rawValue) } ?? DoorLimits.chunkBytesMax
    let chunk = try await open(caller, bytesMax)
    if let token, token.fileID != chunk.announcement.fileID {
      throw RPCError.problem(.permissionDenied, reason: "WRONG_TOKEN", field: "fileId", message: "fileId is not the file of this upload token")
    }
    return try await forward(chunk, caller, request)
  }

  private func forward(_ chunk: IncomingChunk, _ caller: Caller, _ request: GatewayRequest) async throws -> HTTPResponse {
    let file = chunk.announcement.fileID
    let route = try await routes.route(file, caller, request)
    do {
      let answer = try await forwarder.send(chunk, along: route)
      if answer.alreadyStored { try await request.http.settleBody() }
      return .json(answer.json)
    } catch let error as RPCError {
      // Edges, or the token, may be other ones by now.
      if error.code == .unavailable || error.code == .unauthenticated { routes.forget(file, caller) }
      throw error.renamingField(from: "data", to: chunk.field)
    }
  }
}

extension RPCError {
  /// The edge speaks of `data`; a raw body is called `body` at this door.
  fileprivate func renamingField(from old: String, to new: String) -> RPCError {
    guard old != new, let problem, problem.field == old, message.hasPrefix(old) else { return self }
    return .problem(
      code, reason: problem.reason, field: new, message: new + message.dropFirst(old.count), retryAfterSeconds: problem.retryAfterSeconds)
  }
}

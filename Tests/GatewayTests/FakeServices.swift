import Bytes
import Contracts
import RPC
import TLS

/// The services behind the gateway, as far as these tests go. Loop thread only.
final class FakeServices: @unchecked Sendable {
  /// What each call carried.
  var accounts: [String] = []
  var requestIDs: [String] = []
  var selected: [SelectEdgesRequest] = []
  var statesAsked: [GetStateRequest] = []
  var failure: RPCError?
  var edgeAddresses: [String] = []
  var replans = 0
  var uploadedHeaders: [ChunkHeader] = []
  var uploadedBytes: [UInt8] = []
  var uploadTokens: [String] = []
  var uploadFailure: RPCError?
  var storesAlready = false
  /// What watchers are told, stream by stream; each ends when its part is told.
  var story: [[StateEvent]] = []
  /// Chunks told in one go, before the story's last event.
  var flood: UInt32 = 0
  /// The last stream does not end.
  var staysOpen = false
  var watched: [WatchStateRequest] = []

  func add(to router: RPCRouter) {
    router.unary(EdgeSelectionMethods.selectEdges) { (request: SelectEdgesRequest, context: ServerContext) in
      try self.note(context)
      self.selected.append(request)
      return SelectEdgesResponse(fileId: "file_x", uploadToken: "token", chunksTotal: 3)
    }
    router.unary(EdgeSelectionMethods.replanEdges) { (request: ReplanEdgesRequest, context: ServerContext) in
      try self.note(context)
      self.replans += 1
      let edges = self.edgeAddresses.enumerated().map { SelectedEdge(id: "edge-\($0)", url: "http://e", weight: 0.5, rpcAddress: $1) }
      return SelectEdgesResponse(edges: edges + [SelectedEdge(id: "lyve-direct", weight: 0.5)], fileId: request.fileId, uploadToken: "fresh-token")
    }
    router.unary(UploadStateMethods.getState) { (request: GetStateRequest, context: ServerContext) in
      try self.note(context)
      self.statesAsked.append(request)
      return GetStateResponse()
    }
    router.unary(UploadStateMethods.getStats) { (request: GetStatsRequest, context: ServerContext) in
      try self.note(context)
      return GetStatsResponse(avgSpeedMbps: 1.5)
    }
    router.serverStreaming(UploadStateMethods.watchState) {
      (request: WatchStateRequest, responses: RPCWriter<StateEvent>, context: ServerContext) in
      try self.note(context)
      self.watched.append(request)
      guard !self.story.isEmpty else { return }
      for event in self.story.removeFirst() {
        if event.status == .completed {
          for count in 1..<max(1, self.flood) {
            try await responses.write(StateEvent(status: .inProgress, chunksStored: count, hasChunk: true, edgeId: "sfo-1"))
          }
        }
        try await responses.write(event)
        // Whoever begins to watch hears of the state first, and not of how it came about.
        try await context.loop.sleep(milliseconds: 30)
      }
      while self.staysOpen, self.story.isEmpty { try await context.loop.sleep(milliseconds: 20) }
    }
    router.unary(FinalizeMethods.finalizeUpload) { (request: FinalizeUploadRequest, context: ServerContext) in
      try self.note(context)
      return FinalizeUploadResponse(file: File(id: request.fileId, size: 5))
    }
    router.clientStreaming(EdgeWorkerMethods.uploadChunk) { (requests: RPCReader<UploadChunkRequest>, context: ServerContext) in
      try await self.upload(requests, context)
    }
  }

  private func note(_ context: ServerContext) throws {
    accounts.append(context.metadata["jetty-account"] ?? "")
    requestIDs.append(context.metadata["jetty-request-id"] ?? "")
    if let failure { throw failure }
  }

  private func upload(_ requests: RPCReader<UploadChunkRequest>, _ context: ServerContext) async throws -> UploadChunkResponse {
    uploadTokens.append(context.metadata["authorization"] ?? "")
    guard case .header(let header)? = try await requests.next()?.part else { throw RPCError(.invalidArgument, "no header") }
    uploadedHeaders.append(header)
    if let uploadFailure { throw uploadFailure }
    if storesAlready { return UploadChunkResponse(ok: true, alreadyStored: true, size: 1) }
    uploadedBytes = []
    while let message = try await requests.next() {
      if case .data(let bytes)? = message.part { uploadedBytes += bytes }
    }
    return UploadChunkResponse(ok: true, size: UInt64(uploadedBytes.count))
  }
}

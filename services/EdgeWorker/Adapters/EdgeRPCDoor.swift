import Contracts
import Doors
import RPC

/// The RPC door: what the gateway and other programs call.
final class EdgeRPCDoor: EdgeWorkerService {
  private let worker: EdgeWorker

  init(_ worker: EdgeWorker) { self.worker = worker }

  func uploadChunk(_ requests: RPCReader<UploadChunkRequest>, context: ServerContext) async throws -> UploadChunkResponse {
    let admission = try worker.gate.admit(context.metadata["authorization"])
    guard case .header(let header)? = try await requests.next()?.part else {
      throw RPCError.problem(.invalidArgument, reason: "INVALID_FIELD", field: "header", message: "header must be the first message")
    }
    let chunk = try admission.chunk(ChunkAnnouncement(header))
    do {
      let receipt = try await worker.intake.take(chunk, StreamedBytes(requests))
      return UploadChunkResponse(ok: true, alreadyStored: receipt.wasStoredAlready, size: receipt.size.rawValue)
    } catch {
      throw worker.shown(error, field: "data", chunk)
    }
  }

  func warmUp(_ request: WarmUpRequest, context: ServerContext) async throws -> WarmUpResponse {
    try await worker.warmer.runAndKeep()
    return WarmUpResponse(ok: true)
  }

  func getLoad(_ request: GetLoadRequest, context: ServerContext) async throws -> GetLoadResponse {
    let activity = worker.activity
    return GetLoadResponse(
      edgeId: worker.description.id.text, loadPercent: activity.loadPercent, activeUploads: UInt32(clamping: activity.activeChunks),
      bytesReceived: activity.bytesReceived)
  }
}

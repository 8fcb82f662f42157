import Accounts
import Contracts
import Doors
import EventLoops
import Glibc
import HTTPServer
import Logging
import ObjectStore
import RPC
import ServiceKit

/// One edge on one loop: its doors and what is behind them. The loops of a process share an `EdgeActivity`. Loop thread only.
public final class EdgeWorker: @unchecked Sendable {
  /// What an edge is made of.
  public struct Parts {
    public var loop: EventLoop
    public var description: EdgeDescription
    public var verifier: UploadTokenVerifier
    public var store: any ObjectStore
    public var chunkMetadata: RPCChannel
    public var uploadState: RPCChannel
    public var activity: EdgeActivity
    public var limits = EdgeLimits()
    public var cors = CORSPolicy(origins: "*")
    /// Where JSON chunks wait whose hash comes after their data; on a disk.
    public var spoolDirectory = "/var/tmp"
    public var log: Logger

    public init(
      loop: EventLoop, description: EdgeDescription, verifier: UploadTokenVerifier, store: any ObjectStore, chunkMetadata: RPCChannel,
      uploadState: RPCChannel, activity: EdgeActivity, log: Logger
    ) {
      self.loop = loop
      self.description = description
      self.verifier = verifier
      self.store = store
      self.chunkMetadata = chunkMetadata
      self.uploadState = uploadState
      self.activity = activity
      self.log = log
    }
  }

  let description: EdgeDescription
  let gate: TokenGate
  let intake: ChunkIntake
  let warmer: EdgeWarmer
  let activity: EdgeActivity
  let cors: CORSPolicy
  let spoolDirectory: String
  private let log: Logger

  public init(_ parts: Parts) {
    description = parts.description
    gate = TokenGate(verifier: parts.verifier)
    activity = parts.activity
    cors = parts.cors
    spoolDirectory = parts.spoolDirectory
    log = parts.log
    let uploads = UploadDirectory(client: UploadStateClient(parts.uploadState), loop: parts.loop)
    intake = ChunkIntake(
      map: RPCChunkMap(client: ChunkMetadataClient(parts.chunkMetadata), edge: parts.description.id),
      store: StoreWriter(store: parts.store, uploads: uploads, activity: parts.activity),
      runtime: LoopRuntime(loop: parts.loop), activity: parts.activity, limits: parts.limits)
    warmer = EdgeWarmer(loop: parts.loop, store: parts.store, channels: [parts.chunkMetadata, parts.uploadState])
  }

  /// The RPC service, for the loop's `RPCRouter`.
  public var service: any RPCService { EdgeRPCDoor(self) }

  /// The HTTP handler, for the loop's `HTTPServer`.
  public var handler: HTTPServer.Handler {
    let door = EdgeHTTPDoor(self)
    return { await door.handle($0) }
  }

  /// How an edge's `HTTPServer` is to be set up.
  public static var httpConfiguration: HTTPServerConfiguration {
    HTTPServerConfiguration(limits: HTTPSettings.usual)
  }

  /// What a sender is shown of an error. What it is not shown goes to the log.
  func shown(_ error: any Error, field: String, _ chunk: Chunk) -> any Error {
    switch error {
    case let refusal as ChunkRefusal: return RPCError(refusal, field: field)
    case is RPCError, is HTTPBodyError, is CancellationError: return error
    default:
      log.error(
        "could not store a chunk",
        metadata: ["file": "\(chunk.fileID)", "chunk": "\(chunk.index)", "account": "\(chunk.account)", "error": "\(error)"])
      return RPCError(.internalError, "The chunk could not be stored.")
    }
  }
}

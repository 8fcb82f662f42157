import Contracts
import Model

/// How a file is to be uploaded.
public struct UploadOptions: Sendable {
  public var user: UserID
  public var priority: Priority
  /// The most it may cost; nil for no limit.
  public var budget: MicroDollars?
  /// Where this machine stands; nil leaves it to the service to guess by its own probes.
  public var location: Location?
  /// What the file is called at the other end; nil takes the file's own name.
  public var fileName: String?
  /// nil guesses by the name.
  public var mediaType: String?
  /// Always this many chunks at once; nil finds out how many help, up to what the service allows.
  public var threads: Int?
  public var isCompressionAllowed = true
  /// How long nothing may succeed before giving up.
  public var patienceMilliseconds: UInt64 = 600_000

  public init(user: UserID, priority: Priority = .speed) {
    self.user = user
    self.priority = priority
  }
}

/// What happens while a file is uploaded, for whoever shows it. Delivered on the loop, in order.
public enum UploadEvent: Sendable {
  case hashing(bytesDone: UInt64, bytesTotal: UInt64)
  /// Chunks can now be sent; `chunksStored` of them are there already.
  case planned(fileID: FileID, plan: Model.UploadPlan, edges: [EdgeID], chunksStored: Int)
  case progress(UploadProgress)
  case chunkStored(ChunkIndex, edge: EdgeID, bytes: UInt64, seconds: Double)
  /// An attempt failed and will be made again.
  case retrying(what: String, because: String)
  case edgesChanged([EdgeID])
  case finalizing
  /// Something worth knowing that changes nothing.
  case note(String)
}

/// How far an upload is.
public struct UploadProgress: Sendable {
  /// Stored, and on the way.
  public var bytesDone: UInt64
  public var bytesTotal: UInt64
  public var chunksStored: Int
  public var chunksTotal: Int
  /// Over the last seconds.
  public var bytesPerSecond: Double
  /// nil while nothing moves.
  public var secondsLeft: UInt64?
  public var edges: [EdgeReport]
}

/// What one edge did for an upload.
public struct EdgeReport: Sendable, Hashable {
  public var id: EdgeID
  public var chunks = 0
  public var bytes: UInt64 = 0
  public var failures = 0
  /// Chunks on their way right now.
  public var underWay = 0

  public init(id: EdgeID) { self.id = id }
}

/// How an upload ended.
public struct UploadResult: Sendable {
  public var fileID: FileID
  public var url: String
  /// Unix milliseconds; 0 where the service did not say.
  public var urlExpiresAt: Int64
  public var size: ByteCount
  public var fileHash: ContentHash
  /// The file was stored already and nothing was sent.
  public var isDuplicate: Bool
  /// What it saved, or would have cost.
  public var savedCost: MicroDollars
  public var cost: MicroDollars
  /// By this run.
  public var bytesSent: UInt64
  public var chunksSent: Int
  public var chunksTotal: Int
  /// Of this run: reading and hashing the file, and everything after.
  public var hashSeconds: Double
  public var transferSeconds: Double
  public var edges: [EdgeReport]
}

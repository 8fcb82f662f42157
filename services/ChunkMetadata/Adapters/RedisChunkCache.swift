import Bytes
import Contracts
import EventLoops
import Model
import Redis

/// What Redis keeps for this service: `chunk:{fileId}:index` (what is known of a chunk), `upload:{fileId}` (owner and plan), and the
/// channel `progress:{fileId}`. It may be empty, slow or gone at any moment. Loop thread only.
final class RedisChunkCache: ChunkCache, ProgressFeed, @unchecked Sendable {
  private let loop: EventLoop
  private let redis: RedisClient
  private let now: () -> Int64
  private let limits: ChunkLimits
  private var announcing = 0
  /// Announcements that were not made, because Redis was away or slow.
  private(set) var droppedTotal: UInt64 = 0

  /// - Parameters:
  ///   - redis: Its time-out is the longest that a call here takes.
  ///   - now: Unix milliseconds.
  init(loop: EventLoop, redis: RedisClient, now: @escaping () -> Int64, limits: ChunkLimits = ChunkLimits()) {
    self.loop = loop
    self.redis = redis
    self.now = now
    self.limits = limits
  }

  static func chunkKey(_ address: ChunkAddress) -> String { "chunk:{\(address.file)}:\(address.index)" }
  static func uploadKey(_ file: FileID) -> String { "upload:{\(file)}" }
  static func channel(_ file: FileID) -> String { "progress:{\(file)}" }

  // MARK: Chunks

  func note(at address: ChunkAddress) async -> ChunkNote? {
    guard let fields = await fields(of: Self.chunkKey(address)), let account = fields["account"].flatMap({ AccountID($0) }),
      let hash = fields["hash"].flatMap({ ContentHash($0) }), let size = fields["size"].flatMap({ UInt64($0) }),
      let edge = fields["edgeId"].flatMap({ EdgeID($0) })
    else { return nil }
    return ChunkNote(
      claim: ChunkClaim(address: address, account: account, hash: hash, size: ByteCount(size), edge: edge), isStored: fields["stored"] == "1")
  }

  func keep(_ note: ChunkNote) async {
    _ = try? await redis.pipeline(self.commands(note))
  }

  // MARK: Uploads

  func grant(for file: FileID) async -> UploadGrant? {
    guard let fields = await fields(of: Self.uploadKey(file)), let account = fields["account"].flatMap({ AccountID($0) }),
      let size = fields["fileSize"].flatMap({ UInt64($0) }), let chunkSize = fields["chunkSize"].flatMap({ UInt64($0) }),
      let plan = Model.UploadPlan(fileSize: ByteCount(size), chunkSize: ByteCount(chunkSize))
    else { return nil }
    return UploadGrant(file: file, account: account, plan: plan)
  }

  func keep(_ grant: UploadGrant) async {
    let key = RedisArgument.string(Self.uploadKey(grant.file))
    _ = try? await redis.pipeline([
      [
        "HSET", key, "account", .string(grant.account.text), "fileSize", .string("\(grant.plan.fileSize.rawValue)"),
        "chunkSize", .string("\(grant.plan.chunkSize.rawValue)"),
      ],
      ["EXPIRE", key, .int(Int64(limits.uploadSeconds))],
    ])
  }

  func forget(_ file: FileID, indices: [ChunkIndex]) async {
    let keys = [Self.uploadKey(file)] + indices.map { Self.chunkKey(ChunkAddress(file: file, index: $0)) }
    let commands = stride(from: 0, to: keys.count, by: ChunkLimits.keysPerDeletion).map { start -> [RedisArgument] in
      ["UNLINK"] + keys[start..<min(start + ChunkLimits.keysPerDeletion, keys.count)].map { .string($0) }
    }
    _ = try? await redis.pipeline(commands)
  }

  // MARK: Progress

  /// Says it in the background: whoever recorded a chunk does not wait for Redis.
  func announce(_ receipts: [ChunkReceipt], totals: [FileID: StoredTotals]) {
    precondition(loop.isCurrent, "a cache belongs to its loop")
    guard announcing < limits.announcementsAtOnceMax, redis.unavailableReason == nil else {
      droppedTotal += UInt64(receipts.count)
      return
    }
    let at = now()
    let commands = receipts.flatMap { receipt in
      self.commands(ChunkNote(claim: receipt.claim, isStored: true))
        + [Self.announcement(receipt, totals: totals[receipt.claim.address.file] ?? .none, at: at)]
    }
    announcing += 1
    loop.spawn {
      do {
        _ = try await self.redis.pipeline(commands)
      } catch {
        self.droppedTotal += UInt64(receipts.count)
      }
      self.announcing -= 1
    }
  }

  private static func announcement(_ receipt: ChunkReceipt, totals: StoredTotals, at: Int64) -> [RedisArgument] {
    let event = StateEvent(
      chunksStored: totals.chunks, progress: totals.bytes.rawValue, chunkIndex: receipt.claim.address.index.rawValue, hasChunk: true,
      edgeId: receipt.claim.edge.text, at: at)
    var buffer = ByteBuffer()
    // An event of one short text and numbers cannot be refused; an empty one would be ignored by its readers.
    _ = try? event.encode(into: &buffer)
    return ["PUBLISH", .string(channel(receipt.claim.address.file)), .bytes(buffer.array)]
  }

  private func commands(_ note: ChunkNote) -> [[RedisArgument]] {
    let key = RedisArgument.string(Self.chunkKey(note.claim.address))
    return [
      [
        "HSET", key, "account", .string(note.claim.account.text), "hash", .string(note.claim.hash.text),
        "size", .string("\(note.claim.size.rawValue)"), "edgeId", .string(note.claim.edge.text), "stored", note.isStored ? "1" : "0",
      ],
      ["EXPIRE", key, .int(Int64(limits.noteSeconds))],
    ]
  }

  private func fields(of key: String) async -> [String: String]? {
    guard let raw = try? await redis.hgetall(key), !raw.isEmpty else { return nil }
    return raw.compactMapValues { String(validating: $0, as: UTF8.self) }
  }
}

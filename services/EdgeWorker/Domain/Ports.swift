/// Plain bytes of a chunk, pulled. One task at a time.
public protocol ChunkBytes: AnyObject {
  /// Writes the next bytes to the front of `target` and answers how many; 0 at the end. `target` stays valid meanwhile.
  func read(into target: UnsafeMutableRawBufferPointer) async throws -> Int
}

/// The core's map of stored chunks.
public protocol ChunkMap: Sendable {
  /// Reserves the chunk's place for these bytes, before any of them reach the store.
  /// - Throws: `ChunkRefusal.coreAway`, or whatever tells the sender that other bytes have this place.
  func claim(_ chunk: Chunk) async throws -> ChunkClaim
  /// The part is in the store. Idempotent.
  func record(_ chunk: Chunk, etag: String) async throws
  /// Gives a claim back whose bytes never reached the store.
  func release(_ chunk: Chunk) async throws
}

public enum ChunkClaim: Sendable, Equatable {
  case granted
  /// The same bytes are recorded.
  case storedAlready
}

/// Where chunks end.
public protocol ChunkStore: Sendable {
  /// Stores the bytes as the chunk's part, if they are exactly the chunk's size and hash to its hash, and answers the part's ETag.
  /// - Throws: `ChunkRefusal`, or what `bytes` threw. What was stored for this chunk before is untouched then.
  func put(_ chunk: Chunk, _ bytes: any ChunkBytes) async throws -> String
}

/// Time, and work that outlives its caller's patience.
public protocol EdgeRuntime: Sendable {
  func sleep(milliseconds: UInt64) async throws
  /// Monotonic.
  var nowMilliseconds: UInt64 { get }
  /// Runs `body` beside the caller every so often, the first time after one interval, until the task is cancelled.
  func every(milliseconds: UInt64, _ body: @escaping @Sendable () async -> Void) -> Task<Void, Never>
  /// Runs `body` to its end even if the caller is cancelled.
  func shielded<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T
}

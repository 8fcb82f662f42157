/// The one way of a chunk into the store, whichever door it came through.
///
/// Claim, store while hashing, record. Claiming first means that other bytes for the same place are refused before they could
/// replace a good part. A record that the core cannot take at once is offered again; the part is safe meanwhile.
public struct ChunkIntake: Sendable {
  private let map: any ChunkMap
  private let store: any ChunkStore
  private let runtime: any EdgeRuntime
  private let activity: EdgeActivity
  private let limits: EdgeLimits

  public init(map: any ChunkMap, store: any ChunkStore, runtime: any EdgeRuntime, activity: EdgeActivity, limits: EdgeLimits = EdgeLimits()) {
    self.map = map
    self.store = store
    self.runtime = runtime
    self.activity = activity
    self.limits = limits
  }

  /// Stores one chunk.
  /// - Throws: `ChunkRefusal`, or what the map, the store or `bytes` threw.
  public func take(_ chunk: Chunk, _ bytes: any ChunkBytes) async throws -> ChunkReceipt {
    guard activity.begin(chunk) else { throw ChunkRefusal.busy(retryAfterSeconds: limits.busyRetrySeconds) }
    defer { activity.end(chunk) }
    guard try await map.claim(chunk) == .granted else { return ChunkReceipt(wasStoredAlready: true, size: chunk.size) }
    let etag: String
    let renewal = renewClaim(chunk)
    defer { renewal.cancel() }
    do {
      etag = try await store.put(chunk, bytes)
    } catch {
      await release(chunk)
      throw error
    }
    // The bytes are safe: from here on a sender that goes away changes nothing.
    try await runtime.shielded { try await record(chunk, etag) }
    activity.stored()
    return ChunkReceipt(wasStoredAlready: false, size: chunk.size)
  }

  /// A sender may need longer for its bytes than a claim lasts. Where a renewal fails the next one, or the record, settles it.
  private func renewClaim(_ chunk: Chunk) -> Task<Void, Never> {
    let map = self.map
    return runtime.every(milliseconds: limits.claimRenewalMilliseconds) { _ = try? await map.claim(chunk) }
  }

  private func record(_ chunk: Chunk, _ etag: String) async throws {
    let deadline = runtime.nowMilliseconds + limits.recordMilliseconds
    var pause = limits.recordPauseMilliseconds
    while true {
      do {
        return try await map.record(chunk, etag: etag)
      } catch let refusal as ChunkRefusal where refusal.mayRetry && runtime.nowMilliseconds + pause < deadline {
        try await runtime.sleep(milliseconds: pause)
        pause = min(pause * 2, limits.recordPauseMillisecondsMax)
      }
    }
  }

  /// A claim that cannot be given back is no harm to this sender: the same bytes may come again. It would only bar other bytes.
  private func release(_ chunk: Chunk) async {
    guard activity.isAlone(chunk) else { return }
    try? await runtime.shielded { try await map.release(chunk) }
  }
}

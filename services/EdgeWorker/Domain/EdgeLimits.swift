/// What one edge process gives.
public struct EdgeLimits: Sendable {
  /// Chunks that may be on their way into the store at once, over all loops. One more is told to come back.
  public var chunksMax = 96
  /// Seconds after which a client that was turned away should come back.
  public var busyRetrySeconds: UInt32 = 1
  /// How often the claim of a chunk that still comes in is made anew: well within ChunkMetadata's lease of 120 s.
  public var claimRenewalMilliseconds: UInt64 = 45_000
  /// How long, altogether, a stored chunk's record is offered to a core that is away.
  public var recordMilliseconds: UInt64 = 15_000
  /// The first pause between two offers; doubled each time up to the longest.
  public var recordPauseMilliseconds: UInt64 = 100
  public var recordPauseMillisecondsMax: UInt64 = 2_000

  public init() {}
}

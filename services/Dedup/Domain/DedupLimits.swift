/// Bounds of this service.
struct DedupLimits: Sendable {
  /// Components of an embedding.
  static let dimensions = 384
  /// Least cosine similarity of a hint.
  static let similarityMin = 0.95
  /// How long an answer of the cache may be used.
  var cacheMilliseconds: UInt64 = 3_600_000
  /// Longest that the cache may keep a question waiting.
  var cacheTimeoutMilliseconds: UInt64 = 100
  /// Longest that a remote embedder may take.
  var embedderTimeoutMilliseconds: UInt64 = 3_000
  var embedderReplyBytesMax = 1 << 20
  var urlSeconds: UInt32 = 3_600
  /// Bytes of a name that its embedding looks at.
  static let nameBytesMax = 1_024

  init() {}
}

/// Bounds of this service.
enum DedupLimits {
  /// Components of an embedding.
  static let dimensions = 384
  /// Least cosine similarity of a hint.
  static let similarityMin = 0.95
  /// How long an answer of the cache may be used.
  static let cacheMilliseconds: UInt64 = 3_600_000
  /// Longest that the cache may keep a question waiting.
  static let cacheTimeoutMilliseconds: UInt64 = 100
  /// Longest that a remote embedder may take.
  static let embedderTimeoutMilliseconds: UInt64 = 3_000
  static let embedderReplyBytesMax = 1 << 20
  static let urlSeconds: UInt32 = 3_600
  /// Bytes of a name that its embedding looks at.
  static let nameBytesMax = 1_024
}

import ServiceKit

/// What this service can be told besides what all are told.
enum DedupSettings {
  static let embedderURL = SettingKey(
    "embedder.url", "OpenAI-compatible embeddings endpoint; without it names are embedded here, by feature hashing",
    .form("http:// or https:// URL", SettingKey.webURL))
  static let embedderModel = SettingKey("embedder.model", "model that the endpoint is asked for", default: "text-embedding-3-small")
  static let embedderKey = SettingKey("embedder.key", "API key of the endpoint", secret: true)

  static let limits: LimitSettings<DedupLimits> = {
    var table = LimitSettings(DedupLimits())
    table.add("dedup.cache.ms", \.cacheMilliseconds, 1_000...604_800_000, "how long an answer in Redis may be used")
    table.add("dedup.cache.timeout.ms", \.cacheTimeoutMilliseconds, 1...60_000, "longest wait for Redis")
    table.add("dedup.embedder.timeout.ms", \.embedderTimeoutMilliseconds, 10...60_000, "longest that a remote embedder may take")
    table.add("dedup.embedder.reply.bytes", \.embedderReplyBytesMax, 16_384...(64 << 20), "largest reply of a remote embedder")
    table.add("dedup.url.seconds", \.urlSeconds, 1...604_800, "how long the URL of a found file works")
    return table
  }()

  static let all = SettingKey.groups([embedderURL, embedderModel, embedderKey], limits.keys)
}

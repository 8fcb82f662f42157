import JSON
import Model
import Redis

/// Verified exact answers in Redis: `dedup:{account}:<hash>:<size>`, and `dedup:{account}:file:<fileId>` names that key, so that a
/// file which goes can take its answer along. All keys of one account share a cluster slot.
struct RedisMatchCache: MatchCache {
  let redis: RedisClient
  var limits = DedupLimits()

  func find(_ hash: ContentHash, _ size: ByteCount, account: AccountID) async -> Match? {
    guard let bytes = try? await redis.get(Self.key(hash, size, account)), let value = try? JSONValue(parsing: bytes) else { return nil }
    guard let id = value["fileId"]?.stringValue.flatMap({ FileID($0) }), let objectKey = value["objectKey"]?.stringValue,
      let name = value["name"]?.stringValue
    else { return nil }
    return Match(id: id, objectKey: objectKey, name: name, kind: .exact, similarity: 1)
  }

  func keep(_ match: Match, _ hash: ContentHash, _ size: ByteCount, account: AccountID) async {
    var json = JSONWriter()
    json.beginObject()
    json.key("fileId")
    json.string(match.id.text)
    json.key("objectKey")
    json.string(match.objectKey)
    json.key("name")
    json.string(match.name)
    json.endObject()
    let key = Self.key(hash, size, account)
    _ = try? await redis.pipeline([
      ["SET", .string(key), .bytes(json.bytes), "PX", .string("\(limits.cacheMilliseconds)")],
      ["SET", .string(Self.fileKey(match.id, account)), .string(key), "PX", .string("\(limits.cacheMilliseconds)")],
    ])
  }

  func drop(_ file: FileID, account: AccountID) async {
    let fileKey = Self.fileKey(file, account)
    guard let key = try? await redis.getString(fileKey) else { return }
    _ = try? await redis.del(key, fileKey)
  }

  private static func key(_ hash: ContentHash, _ size: ByteCount, _ account: AccountID) -> String {
    "dedup:{\(account.text)}:\(hash.text):\(size.rawValue)"
  }

  private static func fileKey(_ file: FileID, _ account: AccountID) -> String { "dedup:{\(account.text)}:file:\(file.text)" }
}

import JSON
import Model

/// What this machine must remember of an upload to go on with it after the process died. Which chunks are stored is not in here:
/// the service knows that better.
public struct UploadJournal: Sendable, Hashable {
  public var fileID: FileID
  public var userID: UserID
  /// Base URL of the gateway.
  public var gateway: String
  /// Absolute, without links.
  public var path: String
  public var fingerprint: FileFingerprint
  public var plan: Model.UploadPlan
  public var digest: FileDigest

  public init(
    fileID: FileID, userID: UserID, gateway: String, path: String, fingerprint: FileFingerprint, plan: Model.UploadPlan, digest: FileDigest
  ) {
    self.fileID = fileID
    self.userID = userID
    self.gateway = gateway
    self.path = path
    self.fingerprint = fingerprint
    self.plan = plan
    self.digest = digest
  }

  static let version: UInt64 = 1
  /// 10,000 chunk hashes take 740 kB.
  static let bytesMax = 2 << 20

  var json: [UInt8] {
    var writer = JSONWriter(reservingCapacity: 1_024 + digest.chunkHashes.count * 76)
    writer.beginObject()
    writer.key("version")
    writer.integer(Self.version)
    writer.key("fileId")
    writer.string(fileID.text)
    writer.key("userId")
    writer.string(userID.text)
    writer.key("gateway")
    writer.string(gateway)
    writer.key("path")
    writer.string(path)
    writer.key("fileSize")
    writer.integer(fingerprint.size)
    writer.key("modifiedSeconds")
    writer.integer(fingerprint.modifiedSeconds)
    writer.key("modifiedNanoseconds")
    writer.integer(fingerprint.modifiedNanoseconds)
    writer.key("chunkSize")
    writer.integer(plan.chunkSize.rawValue)
    writer.key("fileHash")
    writer.string(digest.fileHash.text)
    writer.key("chunkHashes")
    writer.beginArray()
    for hash in digest.chunkHashes { writer.string(hash.text) }
    writer.endArray()
    writer.endObject()
    return writer.bytes
  }

  /// nil for a journal of another version, or one that was damaged: it is then as if there were none.
  init?(json bytes: [UInt8]) {
    let limits = JSONLimits(bytesMax: Self.bytesMax, depthMax: 3, valuesMax: 20_000, numberBytesMax: 24)
    guard let value = try? JSONValue(parsing: bytes, limits: limits), let reader = try? JSONReader(value),
      let version = try? reader.uint64("version"), version == Self.version,
      let fileID = (try? reader.string("fileId")).flatMap({ FileID($0) }), let userID = (try? reader.string("userId")).flatMap({ UserID($0) }),
      let gateway = try? reader.string("gateway"), let path = try? reader.string("path"), let size = try? reader.uint64("fileSize"),
      let seconds = try? reader.int64("modifiedSeconds"), let nanoseconds = try? reader.int64("modifiedNanoseconds"),
      let chunkSize = try? reader.uint64("chunkSize"), let plan = UploadPlan(fileSize: ByteCount(size), chunkSize: ByteCount(chunkSize)),
      let fileHash = (try? reader.string("fileHash")).flatMap({ ContentHash($0) }),
      let chunkHashes = value["chunkHashes"]?.arrayValue?.map({ $0.stringValue.flatMap { ContentHash($0) } }),
      chunkHashes.count == Int(plan.chunksTotal)
    else { return nil }
    let known = chunkHashes.compactMap { $0 }
    guard known.count == chunkHashes.count else { return nil }
    self.init(
      fileID: fileID, userID: userID, gateway: gateway, path: path,
      fingerprint: FileFingerprint(size: size, modifiedSeconds: seconds, modifiedNanoseconds: nanoseconds), plan: plan,
      digest: FileDigest(fileHash: fileHash, chunkHashes: known))
  }
}

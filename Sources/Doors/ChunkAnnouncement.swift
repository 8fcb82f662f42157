import Contracts
import JSON
import Model
import RPC

/// Which chunk the bytes of a body are said to be.
public struct ChunkAnnouncement: Sendable, Equatable {
  public var fileID: FileID
  public var index: ChunkIndex
  public var hash: ContentHash

  public init(fileID: FileID, index: ChunkIndex, hash: ContentHash) {
    self.fileID = fileID
    self.index = index
    self.hash = hash
  }

  /// From texts, as a path and a header have them. Errors name the field.
  public init(fileID: String, index: String, hash: ContentHash?) throws(RPCError) {
    guard let hash else {
      throw Self.invalid("Content-Digest", "Content-Digest must hold the SHA-256 of the chunk: sha-256=:<base64>:")
    }
    guard let number = UInt32(index), String(number) == index else { throw Self.invalid("chunkIndex", "chunkIndex must be a whole number") }
    self.init(fileID: try Self.file(fileID), index: try Self.index(number), hash: hash)
  }

  /// From the header message of the UploadChunk call.
  public init(_ header: ChunkHeader) throws(RPCError) {
    self.init(fileID: try Self.file(header.fileId), index: try Self.index(header.chunkIndex), hash: try Self.hash(header.hash))
  }

  /// From the members of the documented JSON body.
  init(_ members: JSONObject) throws(RPCError) {
    let texts: (file: String, index: UInt32, hash: String)
    do throws(JSONError) {
      let reader = JSONReader(members)
      for name in ["fileId", "chunkIndex", "hash"] { try reader.require(name) }
      texts = (try reader.string("fileId") ?? "", try reader.uint32("chunkIndex") ?? 0, try reader.string("hash") ?? "")
    } catch {
      throw RPCError(error)
    }
    self.init(fileID: try Self.file(texts.file), index: try Self.index(texts.index), hash: try Self.hash(texts.hash))
  }

  private static func file(_ text: String) throws(RPCError) -> FileID {
    guard let id = FileID(text) else {
      throw invalid("fileId", "fileId must be \"file_\" followed by 26 lower-case base32 characters")
    }
    return id
  }

  private static func index(_ number: UInt32) throws(RPCError) -> ChunkIndex {
    guard let index = ChunkIndex(number) else { throw invalid("chunkIndex", "chunkIndex must be 0 to \(ChunkIndex.limit - 1)") }
    return index
  }

  private static func hash(_ text: String) throws(RPCError) -> ContentHash {
    guard let hash = ContentHash(text) else {
      throw invalid("hash", "hash must be \"sha256:\" followed by 64 hexadecimal digits")
    }
    return hash
  }

  private static func invalid(_ field: String, _ message: String) -> RPCError {
    .problem(.invalidArgument, reason: "INVALID_FIELD", field: field, message: message)
  }
}

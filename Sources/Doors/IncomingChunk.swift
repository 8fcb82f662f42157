import Bytes
import Contracts
import EventLoops
import HTTPServer
import Model
import RPC

/// A chunk at a door: which one it is said to be, and its plain bytes, not read yet.
public struct IncomingChunk {
  public let announcement: ChunkAnnouncement
  /// Plain bytes: base64 and Content-Encoding are undone.
  public let source: any ByteSource
  /// Plain bytes that will come, where that is known before they do.
  public let announcedBytes: UInt64?
  /// What errors about the bytes name.
  public let field: String

  /// `PUT …/files/{fileId}/chunks/{index}`: raw bytes, `Content-Digest`, optionally `Content-Encoding: gzip`.
  /// - Parameter plainBytesMax: bounds what a compressed body may become.
  public static func raw(_ request: HTTPRequest, fileID: String, index: String, plainBytesMax: UInt64) throws -> IncomingChunk {
    let digest = request.fields["content-digest"]
    let announcement = try ChunkAnnouncement(fileID: fileID, index: index, hash: ContentDigest.sha256(digest))
    switch request.fields["content-encoding"]?.lowercased() {
    case nil, "identity":
      return IncomingChunk(
        announcement: announcement, source: request.body, announcedBytes: request.body.announcedBytes, field: "body")
    case "gzip", "x-gzip":
      let source = try GzipSource(request.body, plainBytesMax: plainBytesMax)
      return IncomingChunk(announcement: announcement, source: source, announcedBytes: nil, field: "body")
    default:
      throw RPCError.problem(
        .invalidArgument, reason: "UNSUPPORTED_MEDIA_TYPE", field: "Content-Encoding", message: "Content-Encoding must be gzip or identity")
    }
  }

  /// `POST /api/edge/upload-chunk`: the documented JSON, its members in any order.
  ///
  /// Where `data` comes before one of the others, its bytes are kept in a nameless file in `spoolDirectory` until the rest is known.
  public static func json(
    _ request: HTTPRequest, plainBytesMax: UInt64, spoolDirectory: String
  ) async throws -> IncomingChunk {
    guard isJSON(request.fields["content-type"]) else {
      throw RPCError.problem(
        .invalidArgument, reason: "UNSUPPORTED_MEDIA_TYPE", field: "Content-Type", message: "Content-Type must be application/json")
    }
    let body = ChunkJSONBody(request.body)
    try await body.open()
    if let announcement = try body.announcement() {
      return IncomingChunk(announcement: announcement, source: body, announcedBytes: nil, field: "data")
    }
    let spool = try SpoolFile(directory: spoolDirectory, loop: request.loop)
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: DoorLimits.pieceBytes, alignment: 16)
    defer { piece.deallocate() }
    while true {
      let count = try await body.read(into: piece)
      guard count > 0 else { break }
      guard spool.received + UInt64(count) <= plainBytesMax else {
        throw RPCError.problem(.invalidArgument, reason: "WRONG_LENGTH", field: "data", message: "data has more than \(plainBytesMax) bytes")
      }
      try await spool.append(UnsafeRawBufferPointer(rebasing: piece[..<count]))
    }
    try await spool.finish()
    guard let announcement = try body.announcement() else { throw HTTPBodyError.clientGone }
    return IncomingChunk(announcement: announcement, source: spool, announcedBytes: spool.count, field: "data")
  }

  /// True for application/json with any parameters; nothing at all is taken for JSON too, since this door takes nothing else.
  public static func isJSON(_ field: String?) -> Bool {
    guard let field else { return true }
    let type = field.prefix { $0 != ";" }.lowercased()
    return type.prefix { $0 != " " } == "application/json"
  }
}

import Bytes
import HTTPClient
import Model

/// The raw door of an edge: `PUT /api/edge/files/{fileId}/chunks/{index}` with the bytes as the body.
enum ChunkRequest {
  static func make(edgeURL: String, file: FileID, chunk: ChunkIndex, hash: ContentHash, token: String, isGzip: Bool) -> HTTPClientRequest {
    var headers: [(name: String, value: String)] = [
      ("Authorization", "Bearer \(token)"),
      ("Content-Type", "application/octet-stream"),
      // RFC 9530. Of the plain bytes, whatever coding they travel in.
      ("Content-Digest", "sha-256=:\(Base64.encode(hash.bytes)):"),
    ]
    if isGzip { headers.append(("Content-Encoding", "gzip")) }
    return HTTPClientRequest(.put, "\(edgeURL)/api/edge/files/\(file)/chunks/\(chunk)", headers: headers)
  }
}

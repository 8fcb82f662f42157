import Bytes
import Compression
import Contracts
import EventLoops
import Foundation
import HTTP1
import HTTPServer
import JSON
import Model
import TLS

/// A gateway and three edges in one HTTP server, with one upload in memory. All on one loop; tests set how it misbehaves.
final class FakeService: @unchecked Sendable {
  private var server: HTTPServer?
  private(set) var url = ""
  private let fileID: FileID
  /// Chunk contents by index, once their hash was right.
  var chunks: [UInt32: [UInt8]] = [:]
  /// How many chunk requests came, by edge.
  var requests: [String: Int] = [:]
  var savedStates = 0
  var plans = 0
  var finalized = 0
  var probes: [EdgeProbe] = []
  /// Asked before a chunk is taken: a status other than 200 is answered at once.
  var verdict: (_ edge: String, _ index: UInt32, _ token: String) -> Int = { _, _, _ in 200 }
  var isDuplicate = false
  /// Answers "incomplete" this many times, forgetting chunk 0.
  var forgettings = 0
  var compression = CompressionKind.none
  /// What finalizing says that the file's hash is.
  var storedHash = ""
  /// The upload has ended: nothing is planned or taken any more, finalizing gives the file.
  var isEnded = false
  /// It ended without a file.
  var isGivenUp = false
  private var fileSize: UInt64 = 0

  init() {
    fileID = FileID(unixMilliseconds: 1_732_000_000_000)
  }

  func start(on loop: EventLoop) throws {
    let server = HTTPServer(loop: loop) { [self] in await answer($0) }
    guard let address = SocketAddress(ip: "127.0.0.1", port: 0) else { return }
    url = "http://\(try server.listen(address))"
    self.server = server
  }

  func stop() async { await server?.shutdown(graceMilliseconds: 100) }

  /// All chunks in order.
  var content: [UInt8] { chunks.keys.sorted().flatMap { chunks[$0] ?? [] } }

  private func answer(_ request: HTTPRequest) async -> HTTPResponse {
    do {
      if request.path.contains("/chunks/") { return try await takeChunk(request) }
      if request.path.hasSuffix("/healthz") { return .text("ok") }
      guard request.fields["authorization"] == "Bearer key" else { return .json(Array(#"{"detail":"no such key"}"#.utf8), status: 401) }
      let body = try await request.body.collect(bytesMax: 8 << 20)
      switch request.path {
      case "/api/jetty/optimal-edges": return try plan(SelectEdgesRequest(json: body))
      case "/api/jetty/save-state":
        savedStates += 1
        return .json(SaveStateResponse(ok: true, expiresAt: 1).json)
      case "/api/jetty/report-probe":
        probes = try ReportProbeRequest(json: body).probes
        return .json(ReportProbeResponse(ok: true).json)
      case "/api/edge/finalize-upload": return finalize()
      default:
        guard request.path.hasPrefix("/api/jetty/get-state/") else { return .text("?", status: 404) }
        return .json(GetStateResponse(state: SavedState(fileId: fileID.text, chunksUploaded: chunks.keys.sorted(), total: fileSize)).json)
      }
    } catch {
      return .text("\(error)", status: 400)
    }
  }

  private func plan(_ request: SelectEdgesRequest) throws -> HTTPResponse {
    plans += 1
    fileSize = request.fileSize
    if isDuplicate {
      return .json(SelectEdgesResponse(duplicate: Duplicate(fileId: fileID.text, url: "u", savedBytes: fileSize, savedCostMicroDollars: 7)).json)
    }
    if isEnded { return Self.ended }
    if request.resuming, request.fileId != fileID.text { return .json(Array(#"{"detail":"there is no such upload"}"#.utf8), status: 404) }
    guard let plan = UploadPlan(fileSize: ByteCount(fileSize)) else { return .text("too large", status: 400) }
    return .json(
      SelectEdgesResponse(
        strategy: Strategy(chunkSize: plan.chunkSize.rawValue, threads: 16, compression: compression),
        edges: [("a", 0.5), ("b", 0.3), ("c", 0.2)].map { SelectedEdge(id: $0.0, url: "\(url)/\($0.0)", weight: $0.1) }, fileId: fileID.text,
        uploadToken: "token-\(plans)", expiresAt: 1, chunksTotal: plan.chunksTotal
      ).json)
  }

  private func takeChunk(_ request: HTTPRequest) async throws -> HTTPResponse {
    let parts = request.path.split(separator: "/")
    let edge = String(parts[0])
    let index = UInt32(parts[parts.count - 1]) ?? .max
    requests[edge, default: 0] += 1
    let status = verdict(edge, index, String(request.fields["authorization"]?.dropFirst(7) ?? ""))
    if isEnded { return Self.ended }
    guard status == 200 else { return .json(Array(#"{"detail":"the edge says \#(status)"}"#.utf8), status: status) }
    var bytes = try await request.body.collect(bytesMax: 64 << 20)
    if request.fields["content-encoding"] == "gzip" {
      var plain = ByteBuffer()
      try bytes.withUnsafeBytes { try Gzip.decompress($0, outputBytesMax: 64 << 20, into: &plain) }
      bytes = plain.array
    }
    guard request.fields["content-digest"] == "sha-256=:\(Base64.encode(SHA256.hash(bytes))):" else {
      return .json(Array(#"{"detail":"the bytes do not have the announced hash","reason":"HASH_MISMATCH"}"#.utf8), status: 400)
    }
    chunks[index] = bytes
    return .json(Array(#"{"ok":true}"#.utf8))
  }

  private func finalize() -> HTTPResponse {
    if forgettings > 0 {
      forgettings -= 1
      chunks[0] = nil
      return .json(Array(#"{"detail":"Incomplete upload","reason":"INCOMPLETE_UPLOAD","missing":[0]}"#.utf8), status: 400)
    }
    if isGivenUp { return Self.ended }
    finalized += 1
    return .json(FinalizeUploadResponse(file: File(id: fileID.text, url: "http://file", size: fileSize, fileHash: storedHash)).json)
  }

  private static var ended: HTTPResponse {
    .json(Array(#"{"detail":"the upload has ended","reason":"UPLOAD_ENDED","field":"fileId"}"#.utf8), status: 409)
  }
}

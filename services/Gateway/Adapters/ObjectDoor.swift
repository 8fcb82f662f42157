import EventLoops
import Glibc
import HTTPServer
import ObjectStore

/// Serves the objects of a local store by signed, expiring URLs, as S3 would: GET, HEAD, ranges. Loop thread only.
final class ObjectDoor: @unchecked Sendable {
  private let store: LocalObjectStore
  private let urls: LocalObjectURL

  static let prefix = "/objects/"

  init(store: LocalObjectStore, urls: LocalObjectURL) {
    self.store = store
    self.urls = urls
  }

  func answer(_ request: HTTPRequest) async throws -> HTTPResponse {
    guard request.method == "GET" || request.method == "HEAD" else { return .notAllowed("GET, HEAD") }
    let grant: LocalObjectURL.Grant
    do throws(LocalObjectURL.Refusal) {
      grant = try urls.verify(path: String(request.path.dropFirst(Self.prefix.count)), query: request.query)
    } catch {
      return Self.refusal(error)
    }
    guard let info = try await store.head(key: grant.key) else { return .problem(404, "There is no such object.", reason: "NOT_FOUND") }
    let etag = "\"\(info.etag)\""
    var response = HTTPResponse(status: 200)
    response.fields.add("etag", etag)
    response.fields.add("accept-ranges", "bytes")
    response.fields.add("cache-control", "private")
    if EntityTag.matches(request.fields["if-none-match"], etag) {
      response.status = 304
      return response
    }
    response.fields.add("content-type", grant.contentType ?? "application/octet-stream")
    response.fields.add("x-content-type-options", "nosniff")
    if let name = grant.fileName { response.fields.add("content-disposition", ContentDisposition.attachment(name)) }
    return try await fill(response, request, grant.key, info, etag)
  }

  private func fill(
    _ head: HTTPResponse, _ request: HTTPRequest, _ key: ObjectKey, _ info: ObjectInfo, _ etag: String
  ) async throws -> HTTPResponse {
    var response = head
    // If-Range with another version means: the whole of this one.
    let range = request.fields["if-range"].map { $0 == etag } ?? true ? request.fields["range"] : nil
    var (offset, count) = (UInt64(0), info.size)
    switch ByteRange(range, size: info.size) {
    case .whole: break
    case .unsatisfiable:
      var refusal = HTTPResponse.problem(416, "The object has \(info.size) bytes.", reason: "RANGE")
      refusal.fields.add("content-range", "bytes */\(info.size)")
      return refusal
    case .part(let first, let length):
      (offset, count) = (first, length)
      response.status = 206
      response.fields.add("content-range", "bytes \(first)-\(first + length - 1)/\(info.size)")
    }
    let path = store.path(of: key)
    let descriptor = try await request.loop.offload { open(path, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { return .problem(404, "There is no such object.", reason: "NOT_FOUND") }
    response.body = .file(HTTPFileSlice(owning: descriptor, offset: offset, count: count))
    return response
  }

  private static func refusal(_ refusal: LocalObjectURL.Refusal) -> HTTPResponse {
    switch refusal {
    case .malformed: .problem(400, "This is no URL that the gateway made.", reason: "INVALID_URL")
    case .badSignature: .problem(403, "The URL's signature does not match.", reason: "BAD_SIGNATURE")
    case .expired: .problem(403, "The URL has expired.", reason: "URL_EXPIRED")
    }
  }
}

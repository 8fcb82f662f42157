import Bytes
import EventLoops
import HTTPClient

/// Objects in one bucket of an S3 service. Bodies of parts are not signed (`UNSIGNED-PAYLOAD`): they stream through, and their
/// callers check a hash of their own before the last byte leaves.
public final class S3ObjectStore: ObjectStore {
  private let requests: S3Requests

  /// The client's loop is the store's loop.
  public init(client: HTTPClient, configuration: S3Configuration) {
    requests = S3Requests(client: client, configuration: configuration)
  }

  /// `partSize` is of no use to S3: it puts parts together itself.
  public func createMultipart(key: ObjectKey, contentType: String?, partSize: UInt64?) async throws -> MultipartID {
    let reply = try await requests.send(
      .post, key, query: [(name: "uploads", value: "")], headers: try Self.contentType(contentType), bytes: [])
    let root = try S3Requests.parse(reply, expecting: "InitiateMultipartUpload", key: key)
    guard let id = root.value("UploadId") else { throw ObjectStoreError.unexpected("the answer names no UploadId") }
    return try MultipartID(id)
  }

  public func putPart(key: ObjectKey, upload: MultipartID, number: Int, size: UInt64, body: any ObjectBody) async throws -> ETag {
    try PartChecks.check(number: number, size: size)
    var source = body
    let request = requests.signed(
      .put, key, query: [(name: "partNumber", value: String(number)), (name: "uploadId", value: upload.description)],
      payloadHash: SignatureV4.unsignedPayload)
    do {
      let streamed = HTTPClientBody(size: size) { try await source.read(into: $0) }
      let reply = try await requests.client.send(request, body: streamed, responseBytesMax: ObjectStoreLimits.xmlBytesMax)
      guard (200..<300).contains(reply.status) else {
        throw S3Failure.from(status: reply.status, body: reply.body, retryAfter: reply.head["retry-after"], key: key)
      }
      guard let etag = reply.head["etag"] else { throw ObjectStoreError.unexpected("the answer to a part has no ETag") }
      return try ETag(etag)
    } catch let error as HTTPClientError where error.kind == .bodySizeMismatch {
      throw ObjectStoreError.sizeMismatch(expected: size, received: error.bodyBytesReceived ?? 0)
    } catch let error as HTTPClientError {
      throw S3Failure.from(error)
    }
  }

  public func listParts(key: ObjectKey, upload: MultipartID) async throws -> [PartInfo] {
    var parts: [PartInfo] = []
    var marker = 0
    while true {
      let query = [
        (name: "uploadId", value: upload.description), (name: "max-parts", value: "1000"), (name: "part-number-marker", value: String(marker)),
      ]
      let root = try await S3Requests.parse(requests.send(.get, key, query: query), expecting: "ListParts", key: key)
      for element in root.all("Part") {
        guard let number = element.value("PartNumber").flatMap({ Int($0) }), let size = element.value("Size").flatMap({ UInt64($0) }),
          let etag = element.value("ETag"), number > marker
        else { throw ObjectStoreError.unexpected("a listed part has no number, size and ETag, or is out of order") }
        parts.append(PartInfo(number: number, size: size, etag: try ETag(etag)))
        marker = number
      }
      guard root.value("IsTruncated") == "true", !root.all("Part").isEmpty else { return parts }
    }
  }

  public func completeMultipart(key: ObjectKey, upload: MultipartID, parts: [CompletedPart]) async throws -> ObjectInfo {
    try PartChecks.check(parts)
    let list = parts.map { "<Part><PartNumber>\($0.number)</PartNumber><ETag>\"\($0.etag)\"</ETag></Part>" }.joined()
    let document = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(list)</CompleteMultipartUpload>"
    let reply = try await requests.send(
      .post, key, query: [(name: "uploadId", value: upload.description)], headers: [(name: "content-type", value: "application/xml")],
      bytes: Array(document.utf8))
    _ = try S3Requests.parse(reply, expecting: "CompleteMultipartUpload", key: key)
    guard let info = try await head(key: key) else { throw ObjectStoreError.unexpected("the completed object cannot be found") }
    return info
  }

  public func abortMultipart(key: ObjectKey, upload: MultipartID) async throws {
    do {
      _ = try await requests.send(.delete, key, query: [(name: "uploadId", value: upload.description)])
    } catch ObjectStoreError.noSuchUpload {
    } catch ObjectStoreError.notFound {}
  }

  public func put(key: ObjectKey, bytes: [UInt8], contentType: String?) async throws -> ObjectInfo {
    guard bytes.count <= ObjectStoreLimits.smallObjectBytesMax else {
      throw ObjectStoreError.invalidRequest("an object in one piece has at most \(ObjectStoreLimits.smallObjectBytesMax) bytes")
    }
    let reply = try await requests.send(.put, key, headers: try Self.contentType(contentType), bytes: bytes)
    guard let etag = reply.head["etag"] else { throw ObjectStoreError.unexpected("the answer to an object has no ETag") }
    return ObjectInfo(size: UInt64(bytes.count), etag: try ETag(etag))
  }

  public func head(key: ObjectKey) async throws -> ObjectInfo? {
    do {
      let reply = try await requests.send(.head, key)
      return try Self.info(reply.head, size: reply.head["content-length"].flatMap { UInt64($0) })
    } catch ObjectStoreError.notFound {
      return nil
    }
  }

  public func read(
    key: ObjectKey, range: Range<UInt64>?, into sink: (UnsafeRawBufferPointer) async throws -> Void
  ) async throws -> ObjectInfo {
    if let range, range.isEmpty { throw ObjectStoreError.invalidRequest("the range is empty") }
    let headers = range.map { [(name: "range", value: "bytes=\($0.lowerBound)-\($0.upperBound - 1)")] } ?? []
    // Once a byte was shown the request cannot begin again.
    return try await S3Requests.translating {
      try await requests.client.withResponse(to: requests.signed(.get, key, headers: headers)) { response in
        guard (200..<300).contains(response.status) else {
          let body = try await response.collect(bytesMax: ObjectStoreLimits.xmlBytesMax)
          throw S3Failure.from(status: response.status, body: body, retryAfter: response.head["retry-after"], key: key)
        }
        var total = response.head["content-length"]
        if let range {
          // The header tells that the range was heeded, whatever the status: some servers say 200.
          guard let contentRange = response.head["content-range"], contentRange.hasPrefix("bytes \(range.lowerBound)-") else {
            throw ObjectStoreError.unexpected("the answer to a range request is not that range")
          }
          total = contentRange.split(separator: "/").last.map(String.init)
        }
        let info = try Self.info(response.head, size: total.flatMap { UInt64($0) })
        while let bytes = try await response.nextBytes() { try await sink(bytes) }
        return info
      }
    }
  }

  public func delete(key: ObjectKey) async throws {
    do {
      _ = try await requests.send(.delete, key)
    } catch ObjectStoreError.notFound {}
  }

  public func check() async throws {
    _ = try await requests.send(.head, nil)
  }

  private static func info(_ head: HTTPClientResponseHead, size: UInt64?) throws(ObjectStoreError) -> ObjectInfo {
    guard let size, let etag = head["etag"] else { throw .unexpected("the answer about an object has no size or no ETag") }
    return ObjectInfo(size: size, etag: try ETag(etag))
  }

  private static func contentType(_ value: String?) throws(ObjectStoreError) -> [(name: String, value: String)] {
    guard let value, !value.isEmpty else { return [] }
    guard value.utf8.count <= 255, value.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) else {
      throw .invalidRequest("a content type is printable ASCII of at most 255 bytes")
    }
    return [(name: "content-type", value: value)]
  }
}

import Bytes
import TLS

/// Makes presigned URLs for private objects, of either store. No network; any thread.
public struct ObjectURLSigner: Sendable {
  private enum Kind: Sendable {
    case local(LocalObjectURL, publicBase: String)
    case s3(S3Configuration)
  }

  private let kind: Kind

  /// For a local store whose objects a gateway serves at `{publicBase}/objects/…`; both hold the secret (32 bytes or more).
  public init(publicBase: String, secret: [UInt8]) throws(ObjectStoreError) {
    var base = publicBase
    while base.hasSuffix("/") { base.removeLast() }
    guard base.hasPrefix("http://") || base.hasPrefix("https://") else {
      throw .invalidRequest("the public address of objects begins with http:// or https://, not \(publicBase)")
    }
    kind = .local(try LocalObjectURL(secret: secret), publicBase: base)
  }

  /// For S3, which checks its own signatures.
  public init(s3 configuration: S3Configuration) {
    kind = .s3(configuration)
  }

  /// A URL for GET of one object, valid from now on for `expiresInSeconds` (1 second to 7 days; cut to that).
  /// - Parameters:
  ///   - fileName: what a browser saves it as; nil: it decides.
  ///   - contentType: what the answer says it is; nil: what the store knows.
  ///   - unixSeconds: the present time; for tests.
  public func presignedGet(
    key: ObjectKey, expiresInSeconds: UInt32, fileName: String? = nil, contentType: String? = nil, at unixSeconds: Int64? = nil
  ) -> SignedURL {
    let now = unixSeconds ?? UTCTime.now()
    let seconds = min(max(expiresInSeconds, 1), ObjectStoreLimits.urlSecondsMax)
    let expires = now + Int64(seconds)
    switch kind {
    case .local(let urls, let base):
      let url = "\(base)/objects/\(key)?" + urls.query(key: key, expiresAtSeconds: expires, fileName: fileName, contentType: contentType)
      return SignedURL(url: url, expiresAtMilliseconds: expires * 1000)
    case .s3(let configuration):
      var query: [(name: String, value: String)] = []
      if let fileName { query.append((name: "response-content-disposition", value: ContentDisposition.attachment(fileName))) }
      if let contentType, !contentType.isEmpty { query.append((name: "response-content-type", value: contentType)) }
      let url = Self.presign(configuration, method: "GET", key: key, query: query, seconds: seconds, at: now)
      return SignedURL(url: url, expiresAtMilliseconds: expires * 1000)
    }
  }

  /// A URL for PUT of one part whose bytes must have this SHA-256 (32 bytes): S3 itself refuses others. Nil for a local store.
  public func presignedPutPart(
    key: ObjectKey, upload: MultipartID, number: Int, sha256: [UInt8], expiresInSeconds: UInt32, at unixSeconds: Int64? = nil
  ) -> SignedUpload? {
    guard case .s3(let configuration) = kind, sha256.count == SHA256.digestByteCount else { return nil }
    let now = unixSeconds ?? UTCTime.now()
    let seconds = min(max(expiresInSeconds, 1), ObjectStoreLimits.urlSecondsMax)
    let hash = Hex.encode(sha256)
    let headers = [(name: "x-amz-content-sha256", value: hash)]
    let query = [(name: "partNumber", value: String(number)), (name: "uploadId", value: upload.description)]
    let url = Self.presign(configuration, method: "PUT", key: key, query: query, headers: headers, payloadHash: hash, seconds: seconds, at: now)
    return SignedUpload(url: url, headers: headers, expiresAtMilliseconds: (now + Int64(seconds)) * 1000)
  }

  private static func presign(
    _ configuration: S3Configuration, method: String, key: ObjectKey, query: [(name: String, value: String)],
    headers: [(name: String, value: String)] = [], payloadHash: String = SignatureV4.unsignedPayload, seconds: UInt32, at now: Int64
  ) -> String {
    let endpoint = configuration.publicEndpoint ?? configuration.endpoint
    let (host, path) = configuration.address(of: key, at: endpoint)
    let request = SignatureV4.Request(method: method, host: host, path: path, query: query, headers: headers, payloadHash: payloadHash)
    let signature = SignatureV4(credentials: configuration.credentials, region: configuration.region)
    return "\(endpoint.scheme)://\(host)\(path)?" + signature.presignedQuery(for: request, expiresInSeconds: seconds, at: now)
  }
}

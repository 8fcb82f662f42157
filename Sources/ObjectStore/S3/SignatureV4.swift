import Bytes
import TLS

/// AWS Signature Version 4 for S3, by header and by query (presigned).
/// Source: "Authenticating Requests (AWS Signature Version 4)" of the S3 API reference; checked against botocore in the tests.
struct SignatureV4: Sendable {
  static let unsignedPayload = "UNSIGNED-PAYLOAD"
  static let emptyPayload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

  let credentials: S3Credentials
  let region: String
  private let service = "s3"

  init(credentials: S3Credentials, region: String) {
    self.credentials = credentials
    self.region = region
  }

  /// One request to sign. `path` is as it is sent, already percent-encoded; `query` is not encoded yet.
  struct Request: Sendable {
    var method: String
    var host: String
    var path: String
    var query: [(name: String, value: String)] = []
    /// Lower-case names of headers beyond `host` that are signed too.
    var headers: [(name: String, value: String)] = []
    /// Hex SHA-256 of the body, or `unsignedPayload`.
    var payloadHash: String
  }

  /// The headers to send besides those of the request: `x-amz-date`, `x-amz-content-sha256`, the token, `authorization`.
  func headers(for request: Request, at unixSeconds: Int64) -> [(name: String, value: String)] {
    let time = UTCTime.compact(unixSeconds)
    var added = [(name: "x-amz-content-sha256", value: request.payloadHash), (name: "x-amz-date", value: time)]
    if let token = credentials.sessionToken { added.append((name: "x-amz-security-token", value: token)) }
    let all = request.headers + added
    let canonical = Self.canonicalHeaders(all, host: request.host)
    let signature = signature(
      of: Self.canonicalRequest(request, query: Self.canonicalQuery(request.query), headers: canonical), time: time)
    let credential = "\(credentials.accessKey)/\(scope(time))"
    let authorization = "AWS4-HMAC-SHA256 Credential=\(credential), SignedHeaders=\(canonical.names), Signature=\(signature)"
    return added + [(name: "authorization", value: authorization)]
  }

  /// The whole query of a presigned request, encoded, with the signature at its end.
  func presignedQuery(for request: Request, expiresInSeconds: UInt32, at unixSeconds: Int64) -> String {
    let time = UTCTime.compact(unixSeconds)
    let canonical = Self.canonicalHeaders(request.headers, host: request.host)
    var query = request.query
    query.append((name: "X-Amz-Algorithm", value: "AWS4-HMAC-SHA256"))
    query.append((name: "X-Amz-Credential", value: "\(credentials.accessKey)/\(scope(time))"))
    query.append((name: "X-Amz-Date", value: time))
    query.append((name: "X-Amz-Expires", value: String(expiresInSeconds)))
    query.append((name: "X-Amz-SignedHeaders", value: canonical.names))
    if let token = credentials.sessionToken { query.append((name: "X-Amz-Security-Token", value: token)) }
    let encoded = Self.canonicalQuery(query)
    return encoded + "&X-Amz-Signature=" + signature(of: Self.canonicalRequest(request, query: encoded, headers: canonical), time: time)
  }

  /// Pairs sorted by their encoded names and values, as the signature wants them; the same text is sent.
  static func canonicalQuery(_ query: [(name: String, value: String)]) -> String {
    query.map { (PercentEncoding.encode($0.name), PercentEncoding.encode($0.value)) }
      .sorted { $0.0 == $1.0 ? $0.1.utf8.lexicographicallyPrecedes($1.1.utf8) : $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
      .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
  }

  private static func canonicalHeaders(_ headers: [(name: String, value: String)], host: String) -> (text: String, names: String) {
    let sorted = (headers + [(name: "host", value: host)]).sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    let lines = sorted.map { "\($0.name):\($0.value.split(separator: " ").joined(separator: " "))\n" }
    return (lines.joined(), sorted.map(\.name).joined(separator: ";"))
  }

  private static func canonicalRequest(_ request: Request, query: String, headers: (text: String, names: String)) -> String {
    "\(request.method)\n\(request.path)\n\(query)\n\(headers.text)\n\(headers.names)\n\(request.payloadHash)"
  }

  private func scope(_ time: String) -> String { "\(time.prefix(8))/\(region)/\(service)/aws4_request" }

  private func signature(of canonicalRequest: String, time: String) -> String {
    let text = "AWS4-HMAC-SHA256\n\(time)\n\(scope(time))\n" + Hex.encode(SHA256.hash(canonicalRequest))
    var key = HMACSHA256.code(for: String(time.prefix(8)), key: Array("AWS4\(credentials.secretKey)".utf8))
    for part in [region, service, "aws4_request"] { key = HMACSHA256.code(for: part, key: key) }
    return Hex.encode(HMACSHA256.code(for: text, key: key))
  }
}

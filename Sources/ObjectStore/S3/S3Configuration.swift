/// One bucket of one S3 service.
public struct S3Configuration: Sendable {
  public var endpoint: S3Endpoint
  /// What presigned URLs name, where clients reach the service by another address; nil: the endpoint.
  public var publicEndpoint: S3Endpoint?
  public var bucket: String
  public var region: String
  public var credentials: S3Credentials
  /// `https://host/bucket/key` rather than `https://bucket.host/key`.
  public var usesPathStyle: Bool
  /// Times that a request without a streamed body is tried where the service is away for a moment.
  public var attemptsMax = 3
  /// Further header fields of each request, asked for as it is made: its place in a trace. They are not signed.
  public var requestHeaders: @Sendable () -> [(name: String, value: String)] = { [] }

  public init(
    endpoint: S3Endpoint, publicEndpoint: S3Endpoint? = nil, bucket: String, region: String, credentials: S3Credentials, usesPathStyle: Bool = true
  ) throws(ObjectStoreError) {
    let isBucket = (3...63).contains(bucket.utf8.count) && bucket.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"): true
      default: false
      }
    }
    guard isBucket, !bucket.contains("..") else {
      throw .invalidRequest("a bucket name has 3 to 63 lower-case letters, digits, '.' and '-', not \(bucket)")
    }
    self.endpoint = endpoint
    self.publicEndpoint = publicEndpoint
    self.bucket = bucket
    self.region = region
    self.credentials = credentials
    self.usesPathStyle = usesPathStyle
  }

  /// Host header and path of a key, or of the bucket. Keys need no percent-encoding: `ObjectKey` sees to that.
  func address(of key: ObjectKey?, at endpoint: S3Endpoint) -> (host: String, path: String) {
    let tail = key.map { "/\($0)" } ?? ""
    return usesPathStyle
      ? (endpoint.authority, "/\(bucket)\(tail)")
      : ("\(bucket).\(endpoint.authority)", tail.isEmpty ? "/" : tail)
  }
}

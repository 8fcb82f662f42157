import Bytes
import EventLoops
import HTTPClient

/// Which store to use, as one line of configuration says it:
/// `file:///var/lib/jetty/objects`, or
/// `s3://bucket?endpoint=https://s3.us-east-1.lyvecloud.seagate.com&region=us-east-1`
/// (also `public-endpoint`, `path-style=false`, `ca-file`).
public enum ObjectStoreLocation: Sendable {
  case local(directory: String)
  case s3(S3Configuration, certificateAuthorityFile: String?)

  /// `credentials` are needed for S3 only.
  public init(url: String, credentials: S3Credentials? = nil) throws(ObjectStoreError) {
    if url.hasPrefix("file://") {
      guard let path = PercentEncoding.decode(url.dropFirst("file://".count)), path.hasPrefix("/") else {
        throw .invalidRequest("a local store's URL is file:///absolute/path, not \(url)")
      }
      self = .local(directory: path)
      return
    }
    guard url.hasPrefix("s3://") else { throw .invalidRequest("a store's URL begins with file:// or s3://, not \(url)") }
    let halves = url.dropFirst("s3://".count).split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let options = try Self.options(halves.count > 1 ? halves[1] : "")
    guard let endpoint = options["endpoint"] else { throw .invalidRequest("an S3 store's URL names its endpoint: s3://bucket?endpoint=https://…") }
    guard let credentials else { throw .invalidRequest("an S3 store needs an access key and a secret key") }
    var publicEndpoint: S3Endpoint?
    if let text = options["public-endpoint"] { publicEndpoint = try S3Endpoint(text) }
    var bucket = halves[0]
    if bucket.hasSuffix("/") { bucket.removeLast() }
    let configuration = try S3Configuration(
      endpoint: S3Endpoint(endpoint), publicEndpoint: publicEndpoint, bucket: String(bucket), region: options["region"] ?? "us-east-1",
      credentials: credentials, usesPathStyle: options["path-style"] != "false")
    self = .s3(configuration, certificateAuthorityFile: options["ca-file"])
  }

  private static func options(_ query: Substring) throws(ObjectStoreError) -> [String: String] {
    let known = ["endpoint", "public-endpoint", "region", "path-style", "ca-file"]
    var options: [String: String] = [:]
    for pair in query.split(separator: "&") {
      let halves = pair.split(separator: "=", maxSplits: 1)
      guard halves.count == 2, known.contains(String(halves[0])), let value = PercentEncoding.decode(halves[1]) else {
        throw .invalidRequest("an S3 store's URL has the options \(known.joined(separator: ", ")), not \(pair)")
      }
      options[String(halves[0])] = value
    }
    return options
  }

  /// The store, for use on `loop`. Call it on that loop.
  /// - Parameter client: how an S3 store is reached.
  public func makeStore(loop: EventLoop, client: HTTPClientConfiguration = HTTPClientConfiguration()) throws -> any ObjectStore {
    switch self {
    case .local(let directory):
      return try LocalObjectStore(directory: directory, loop: loop)
    case .s3(let configuration, let certificateAuthorityFile):
      var clientConfiguration = client
      clientConfiguration.certificateAuthorityFile = certificateAuthorityFile
      return S3ObjectStore(client: HTTPClient(loop: loop, configuration: clientConfiguration), configuration: configuration)
    }
  }

  /// The signer of its URLs; `publicBase` and `secret` are what a local store needs.
  public func makeURLSigner(publicBase: String, secret: [UInt8]) throws(ObjectStoreError) -> ObjectURLSigner {
    switch self {
    case .local: try ObjectURLSigner(publicBase: publicBase, secret: secret)
    case .s3(let configuration, _): ObjectURLSigner(s3: configuration)
    }
  }
}

/// The one-call form of `ObjectStoreLocation`.
public enum ObjectStoreFactory {
  /// The store of a URL, for use on `loop`. Call it on that loop.
  public static func make(url: String, credentials: S3Credentials? = nil, loop: EventLoop) throws -> any ObjectStore {
    try ObjectStoreLocation(url: url, credentials: credentials).makeStore(loop: loop)
  }
}

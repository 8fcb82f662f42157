import Bytes
import EventLoops
import HTTPClient
import TLS

/// Signed requests to one bucket: what `S3ObjectStore` is made of.
struct S3Requests: Sendable {
  let client: HTTPClient
  let configuration: S3Configuration
  let signature: SignatureV4

  init(client: HTTPClient, configuration: S3Configuration) {
    self.client = client
    self.configuration = configuration
    signature = SignatureV4(credentials: configuration.credentials, region: configuration.region)
  }

  /// A request for a key, or for the bucket where there is none, signed as of now.
  func signed(
    _ method: HTTPClientRequest.Method, _ key: ObjectKey?, query: [(name: String, value: String)] = [],
    headers: [(name: String, value: String)] = [], payloadHash: String = SignatureV4.emptyPayload
  ) -> HTTPClientRequest {
    let (host, path) = configuration.address(of: key, at: configuration.endpoint)
    let request = SignatureV4.Request(
      method: method.rawValue, host: host, path: path, query: query, headers: headers, payloadHash: payloadHash)
    let encodedQuery = SignatureV4.canonicalQuery(query)
    let url = "\(configuration.endpoint.scheme)://\(host)\(path)\(encodedQuery.isEmpty ? "" : "?\(encodedQuery)")"
    let signed = signature.headers(for: request, at: UTCTime.now())
    return HTTPClientRequest(method, url, headers: headers + signed + configuration.requestHeaders())
  }

  /// Sends a request whose body, if any, is at hand, and gives back a successful answer. Tries again where the service is away.
  func send(
    _ method: HTTPClientRequest.Method, _ key: ObjectKey?, query: [(name: String, value: String)] = [],
    headers: [(name: String, value: String)] = [], bytes: [UInt8]? = nil
  ) async throws -> HTTPClientReply {
    let payloadHash = bytes.map { Hex.encode(SHA256.hash($0)) } ?? SignatureV4.emptyPayload
    return try await retrying {
      let request = signed(method, key, query: query, headers: headers, payloadHash: payloadHash)
      let reply = try await client.send(request, body: bytes.map { HTTPClientBody($0) }, responseBytesMax: ObjectStoreLimits.xmlBytesMax)
      guard (200..<300).contains(reply.status) else {
        throw S3Failure.from(status: reply.status, body: reply.body, retryAfter: reply.head["retry-after"], key: key)
      }
      return reply
    }
  }

  /// Repeats `body` while it throws `unavailable`, after a growing pause with some chance in it.
  func retrying<Result>(_ body: () async throws -> Result) async throws -> Result {
    var attempt = 1
    while true {
      do {
        return try await Self.translating(body)
      } catch ObjectStoreError.unavailable(let retryAfter, let detail) {
        guard attempt < configuration.attemptsMax, (retryAfter ?? 0) <= 2 else {
          throw ObjectStoreError.unavailable(retryAfterSeconds: retryAfter, detail: detail)
        }
        let pause = max(UInt64(retryAfter ?? 0) * 1000, 100 << UInt64(attempt - 1))
        try await client.loop.sleep(milliseconds: pause + UInt64.random(in: 0...pause / 2))
        attempt += 1
      }
    }
  }

  /// Says failures of the HTTP client in this module's words; anything else passes.
  static func translating<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch let error as HTTPClientError {
      throw S3Failure.from(error)
    }
  }

  /// The root element of an answer to an operation: its name begins with the operation's (services differ in the suffix).
  /// An `<Error>` that came with status 200 is thrown as what it says.
  static func parse(_ reply: HTTPClientReply, expecting operation: String, key: ObjectKey) throws(ObjectStoreError) -> XMLElement {
    let root: XMLElement
    do {
      root = try XMLParser.parse(reply.body)
    } catch {
      throw .unexpected("the answer is not the XML that was expected: \(error.message) at byte \(error.offset)")
    }
    if root.name == "Error" {
      let (code, message) = (root.value("Code") ?? "", root.value("Message") ?? "")
      throw S3Failure.from(status: 500, code: code, message: message, key: key)
    }
    guard root.name.hasPrefix(operation) else { throw .unexpected("the answer is <\(root.name.prefix(64))>, not one to \(operation)") }
    return root
  }
}

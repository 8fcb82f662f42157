import Contracts
import EventLoops
import HTTPClient
import JSON
import Model

/// The documented REST API, as one user of one account. Loop thread only.
///
/// Each call is one attempt and throws `UploadFailure`; see `retrying` for the patient kind.
public final class GatewayClient: @unchecked Sendable {
  public let baseURL: String
  private let http: HTTPClient
  private let apiKey: String

  /// `baseURL` without a trailing slash, e.g. `http://127.0.0.1:3000`.
  public init(http: HTTPClient, baseURL: String, apiKey: String) {
    self.http = http
    self.baseURL = baseURL.last == "/" ? String(baseURL.dropLast()) : baseURL
    self.apiKey = apiKey
  }

  static let timeoutMilliseconds: UInt64 = 60_000
  /// Finalizing waits for the object store.
  static let finalizeTimeoutMilliseconds: UInt64 = 300_000

  public func optimalEdges(_ request: SelectEdgesRequest) async throws -> SelectEdgesResponse {
    try await post("/api/jetty/optimal-edges", request)
  }

  public func saveState(_ request: SaveStateRequest) async throws -> SaveStateResponse {
    try await post("/api/jetty/save-state", request)
  }

  /// nil where there is no such upload, or it is somebody else's.
  public func state(user: UserID, file: FileID) async throws -> SavedState? {
    let response: GetStateResponse = try await get("/api/jetty/get-state/\(user)/\(file)")
    return response.state
  }

  public func finalize(_ request: FinalizeUploadRequest) async throws -> FinalizeUploadResponse {
    try await post("/api/edge/finalize-upload", request, timeoutMilliseconds: Self.finalizeTimeoutMilliseconds)
  }

  public func edges(liveOnly: Bool) async throws -> ListEdgesResponse {
    try await get("/api/jetty/edges" + (liveOnly ? "?liveOnly=true" : ""))
  }

  public func stats(user: UserID?) async throws -> GetStatsResponse {
    try await get("/api/jetty/stats" + (user.map { "?userId=\($0)" } ?? ""))
  }

  public func abort(_ request: AbortUploadRequest) async throws -> AbortUploadResponse {
    try await post("/api/jetty/abort-upload", request)
  }

  public func reportProbe(_ request: ReportProbeRequest) async throws -> ReportProbeResponse {
    try await post("/api/jetty/report-probe", request)
  }

  private func get<Response: JSONCodable>(_ path: String) async throws -> Response {
    try await exchange(.get, path, body: nil, timeoutMilliseconds: Self.timeoutMilliseconds)
  }

  private func post<Response: JSONCodable>(
    _ path: String, _ request: some JSONCodable, timeoutMilliseconds: UInt64 = timeoutMilliseconds
  ) async throws -> Response {
    try await exchange(.post, path, body: request.json, timeoutMilliseconds: timeoutMilliseconds)
  }

  private func exchange<Response: JSONCodable>(
    _ method: HTTPClientRequest.Method, _ path: String, body: [UInt8]?, timeoutMilliseconds: UInt64
  ) async throws -> Response {
    var headers = [(name: "Authorization", value: "Bearer \(apiKey)"), (name: "Accept", value: "application/json")]
    if body != nil { headers.append((name: "Content-Type", value: "application/json")) }
    let request = HTTPClientRequest(method, baseURL + path, headers: headers, timeoutMilliseconds: timeoutMilliseconds)
    let reply: HTTPClientReply
    do {
      reply = try await http.send(request, body: body.map { HTTPClientBody($0) }, responseBytesMax: 8 << 20)
    } catch let error as HTTPClientError {
      throw UploadFailure(connecting: error, to: baseURL)
    }
    guard reply.head.status == 200 || reply.head.status == 201 else { throw UploadFailure(reply: reply, from: "the service") }
    do {
      return try Response(json: reply.body)
    } catch {
      throw UploadFailure(.protocolViolation, "\(baseURL)\(path) answered with something else than the documented JSON: \(error)")
    }
  }

  /// Makes attempts until one succeeds, fails for good, or `patienceMilliseconds` have passed.
  public static func retrying<Result>(
    patienceMilliseconds: UInt64, on loop: EventLoop, _ attempt: () async throws -> Result
  ) async throws -> Result {
    let start = loop.nowNanoseconds
    var backoff = Backoff()
    var random = SystemRandomNumberGenerator()
    while true {
      do {
        return try await attempt()
      } catch let failure as UploadFailure where failure.isRetryable {
        let wait = backoff.failed(retryAfterSeconds: failure.retryAfterSeconds, random: &random)
        guard (loop.nowNanoseconds - start) / 1_000_000 + wait < patienceMilliseconds else { throw failure }
        try await loop.sleep(milliseconds: wait)
      }
    }
  }
}

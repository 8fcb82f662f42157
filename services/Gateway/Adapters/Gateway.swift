import Accounts
import Contracts
import Doors
import EventLoops
import HTTPServer
import JSON
import Logging
import ObjectStore
import RPC
import ServiceKit

/// The gateway on one loop: which door a request goes through, and what every answer carries. Loop thread only.
public final class Gateway: @unchecked Sendable {
  /// What a gateway is made of.
  public struct Parts {
    public var loop: EventLoop
    public var book: any CallerBook
    public var limiter: any RateLimiter
    public var verifier: UploadTokenVerifier
    /// By the services' full names, such as "jetty.v1.Dedup".
    public var channels: [String: RPCChannel]
    /// The channel to an edge's address.
    public var edgeChannel: (String) throws -> RPCChannel
    /// Only where objects lie in a local directory.
    public var objects: (store: LocalObjectStore, urls: LocalObjectURL)?
    public var limits = GatewayLimits()
    public var cors = CORSPolicy(origins: "*")
    /// Where JSON chunks wait whose hash comes after their data; on a disk.
    public var spoolDirectory = "/var/tmp"
    /// The pages; nil: none are served.
    public var web: WebFiles?
    /// Pages may call edges without TLS.
    public var webAllowsPlainHTTP = false
    /// A new connection to UploadState for clients that watch; called as often as one is full. Nil: nobody can watch.
    public var watchChannel: (() throws -> RPCChannel)?
    /// Shared by the loops of a process.
    public var watchQuota = WatchQuota()
    public var metrics = MetricsRegistry()
    public var log: Logger

    public init(
      loop: EventLoop, book: any CallerBook, limiter: any RateLimiter, verifier: UploadTokenVerifier, channels: [String: RPCChannel],
      edgeChannel: @escaping (String) throws -> RPCChannel, log: Logger
    ) {
      self.loop = loop
      self.book = book
      self.limiter = limiter
      self.verifier = verifier
      self.channels = channels
      self.edgeChannel = edgeChannel
      self.log = log
    }
  }

  private let rest: RESTDoor
  private let chunks: ChunkDoor?
  private let objects: ObjectDoor?
  private let watch: WatchDoor?
  private let web: WebDoor?
  private let cors: CORSPolicy
  private let log: Logger

  public init(_ parts: Parts) {
    let authentication = Authentication(book: parts.book, limiter: parts.limiter, verifier: parts.verifier)
    rest = RESTDoor(channels: parts.channels, authentication: authentication, limits: parts.limits)
    chunks = parts.channels[EdgeSelectionMethods.descriptor.name].map { channel in
      ChunkDoor(
        authentication: authentication,
        routes: UploadRoutes(client: EdgeSelectionClient(channel), loop: parts.loop, limits: parts.limits),
        forwarder: ChunkForwarder(channel: parts.edgeChannel, loop: parts.loop, limits: parts.limits), limits: parts.limits,
        spoolDirectory: parts.spoolDirectory)
    }
    objects = parts.objects.map { ObjectDoor(store: $0.store, urls: $0.urls) }
    watch = parts.watchChannel.map { channel in
      WatchDoor(
        authentication: authentication, channel: channel, quota: parts.watchQuota, limits: parts.limits, loop: parts.loop,
        metrics: WatchMetrics(parts.metrics, quota: parts.watchQuota))
    }
    web = parts.web.map { WebDoor(files: $0, allowsPlainHTTP: parts.webAllowsPlainHTTP) }
    cors = parts.cors
    log = parts.log
  }

  /// How a gateway's `HTTPServer` is to be set up.
  public static var httpConfiguration: HTTPServerConfiguration {
    HTTPServerConfiguration(limits: HTTPSettings.usual)
  }

  /// Chunks that pass through.
  public var activeChunks: Int { chunks?.active ?? 0 }

  /// Ends the answers that would not end by themselves. Call it when the process begins to stop.
  public func drain() { watch?.drain() }

  /// Closes what the gateway opened itself.
  public func close() { watch?.close() }

  /// The handler for the loop's `HTTPServer`.
  public func handle(_ request: HTTPRequest) async -> HTTPResponse {
    await RequestScope.run(request) { await answer(request) }
  }

  private func answer(_ request: HTTPRequest) async -> HTTPResponse {
    if let preflight = cors.preflight(request) {
      request.record.route = "preflight"
      return preflight
    }
    let known = GatewayRequest(request)
    var response: HTTPResponse
    do {
      response = try await route(known)
    } catch {
      if let error = error as? RPCError {
        if error.isOutOfReach {
          log.warning("a service is out of reach", metadata: ["route": "\(request.record.route)", "error": "\(error.message)"])
        }
      } else if !(error is HTTPBodyError || error is CancellationError) {
        log.error("a request failed", metadata: ["route": "\(request.record.route)", "error": "\(error)"])
      }
      response = .problem(for: error)
    }
    cors.apply(to: &response, of: request)
    return response
  }

  private func route(_ request: GatewayRequest) async throws -> HTTPResponse {
    let http = request.http
    switch http.path {
    case "/healthz":
      http.record.route = http.path
      return readable(http) { .json(Array(#"{"status":"ok"}"#.utf8)) }
    case "/openapi.json":
      http.record.route = http.path
      return readable(http) { .json(Array(OpenAPI.json)) }
    case "/api/edge/upload-chunk":
      http.record.route = http.path
      guard http.method == "POST" else { return .notAllowed("POST") }
      if let chunks { return try await chunks.uploadJSON(request) }
    default: break
    }
    if http.path.hasPrefix(ObjectDoor.prefix), let objects {
      http.record.route = "/objects/{key}"
      return try await objects.answer(http)
    }
    let parts = http.path.split(separator: "/", omittingEmptySubsequences: false)
    if let chunks, parts.count == 7, http.path.hasPrefix("/api/edge/files/"), parts[5] == "chunks" {
      http.record.route = "/api/edge/files/{fileId}/chunks/{index}"
      guard http.method == "PUT" else { return .notAllowed("PUT") }
      return try await chunks.uploadRaw(request, fileID: String(parts[4]), index: String(parts[6]))
    }
    if let watch, parts.count == 6, http.path.hasPrefix(WatchDoor.prefix) {
      http.record.route = WatchDoor.prefix + "{userId}/{fileId}"
      return try await watch.answer(request, user: String(parts[4]), file: String(parts[5]))
    }
    if let response = web?.answer(http) {
      http.record.route = "pages"
      return response
    }
    if let response = try await rest.answer(request) { return response }
    return .problem(404, "There is nothing at this path. See /openapi.json.", reason: "NOT_FOUND")
  }

  private func readable(_ request: HTTPRequest, _ body: () -> HTTPResponse) -> HTTPResponse {
    request.method == "GET" || request.method == "HEAD" ? body() : .notAllowed("GET, HEAD")
  }
}

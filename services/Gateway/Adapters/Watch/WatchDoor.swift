import Contracts
import EventLoops
import HTTPServer
import Model
import RPC

/// `GET /api/jetty/watch/{userId}/{fileId}`: the progress of an upload as server-sent events. Loop thread only.
///
/// The credential is the API key in `Authorization`, as everywhere: URLs end up in logs and histories. A browser's `EventSource` cannot
/// send it; pages read the stream with `fetch`.
final class WatchDoor: @unchecked Sendable {
  private struct Key: Hashable {
    let account: AccountID
    let user: String
    let file: String
  }

  private let authentication: Authentication
  private let channels: WatchChannels
  private let quota: WatchQuota
  private let limits: GatewayLimits
  private let loop: EventLoop
  private let metrics: WatchMetrics
  private var uploads: [Key: WatchedUpload] = [:]
  private var heartbeat: LoopTimer?
  private var isDraining = false

  static let prefix = "/api/jetty/watch/"

  init(
    authentication: Authentication, channel: @escaping () throws -> RPCChannel, quota: WatchQuota, limits: GatewayLimits, loop: EventLoop,
    metrics: WatchMetrics
  ) {
    self.authentication = authentication
    channels = WatchChannels(make: channel)
    self.quota = quota
    self.limits = limits
    self.loop = loop
    self.metrics = metrics
  }

  /// Different uploads that are followed just now.
  var uploadsWatched: Int { uploads.count }

  /// - Throws: `RPCError`: NOT_FOUND for an upload that is not there and for one of somebody else, alike.
  func answer(_ request: GatewayRequest, user: String, file: String) async throws -> HTTPResponse {
    guard request.http.method == "GET" else { return .notAllowed("GET") }
    let caller = try await authentication.caller(request)
    let wanted = WatchStateRequest(userId: user, fileId: file)
    try wanted.validate()
    let seat = try seat(for: caller.account)
    let upload = try self.upload(Key(account: caller.account, user: user, file: file), wanted, caller, request)
    try await upload.waitForState()
    let seen = request.http.fields["last-event-id"].flatMap { WatchVersion($0) }
    // What a client of server-sent events takes for "do not come again".
    if let seen, seen.hasEnded, upload.latest?.version.hasEnded == true { return HTTPResponse(status: 204) }
    var response = HTTPResponse(status: 200)
    response.fields.add("content-type", "text/event-stream")
    response.fields.add("cache-control", "no-store")
    // nginx would collect the events otherwise.
    response.fields.add("x-accel-buffering", "no")
    response.body = .stream(length: nil) { writer in
      defer { withExtendedLifetime(seat) {} }
      try await upload.serve(writer, after: seen)
    }
    return response
  }

  /// Ends every answer, so that clients come again elsewhere, and takes no more.
  func drain() {
    isDraining = true
    heartbeat?.cancel()
    for upload in uploads.values { upload.stop() }
  }

  func close() { channels.close() }

  // MARK: Places

  private func seat(for account: AccountID) throws -> WatchQuota.Seat {
    guard !isDraining else { throw refusal(.draining, .unavailable, "This gateway is stopping. Connect again.", seconds: 1) }
    do throws(WatchQuota.Refusal) {
      return try quota.enter(account)
    } catch {
      switch error {
      case .account(let clientsMax):
        throw refusal(
          .account, .resourceExhausted, "This account watches uploads from \(clientsMax) connections already, which is as many as it may have here.",
          seconds: 30)
      case .process:
        throw refusal(.process, .unavailable, "As many uploads are being watched through this gateway as it can bear.", seconds: 10)
      }
    }
  }

  private func refusal(_ reason: WatchMetrics.Refusal, _ code: StatusCode, _ message: String, seconds: UInt32) -> RPCError {
    metrics.refused(reason)
    return .problem(code, reason: "TOO_MANY_WATCHERS", message: message, retryAfterSeconds: seconds)
  }

  // MARK: Uploads

  private func upload(_ key: Key, _ wanted: WatchStateRequest, _ caller: Caller, _ request: GatewayRequest) throws -> WatchedUpload {
    if let known = uploads[key] { return known }
    guard uploads.count < limits.watchedUploadsMax else {
      throw refusal(.process, .unavailable, "As many uploads are being watched through this gateway as it can bear.", seconds: 10)
    }
    let made = WatchedUpload(loop: loop, limits: limits, metrics: metrics) { [weak self] ended in
      guard let self, uploads[key] === ended else { return }
      uploads[key] = nil
    }
    uploads[key] = made
    // It lasts as long as the upload.
    let options = CallOptions(metadata: request.options(caller, timeoutMilliseconds: limits.callMilliseconds).metadata)
    made.start(WatchSource(channels: channels, request: wanted, options: options, loop: loop))
    if heartbeat == nil { scheduleHeartbeat() }
    return made
  }

  private func scheduleHeartbeat() {
    heartbeat = loop.schedule(afterMilliseconds: limits.watchHeartbeatMilliseconds) { [weak self] in
      guard let self else { return }
      for upload in uploads.values { upload.sendHeartbeats() }
      heartbeat = nil
      if !uploads.isEmpty, !isDraining { scheduleHeartbeat() }
    }
  }
}

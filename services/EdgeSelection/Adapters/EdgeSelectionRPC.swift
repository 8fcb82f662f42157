import Contracts
import Logging
import Model
import Postgres
import RPC
import Redis
import ServiceKit

/// The service as others call it: words of the wire to words of the domain and back.
final class EdgeSelectionRPC: EdgeSelectionService {
  private let planner: UploadPlanner
  private let directory: EdgeDirectory
  private let desk: HeartbeatDesk
  private let samples: any RoundTripSamples
  private let warmer: EdgeWarmer
  private let logger: Logger
  private let now: () -> Int64
  private let limits: EdgeLimits
  private let metrics: SelectionMetrics?

  init(
    planner: UploadPlanner, directory: EdgeDirectory, desk: HeartbeatDesk, samples: any RoundTripSamples, warmer: EdgeWarmer, logger: Logger,
    now: @escaping () -> Int64, limits: EdgeLimits = EdgeLimits(), metrics: SelectionMetrics? = nil
  ) {
    self.planner = planner
    self.directory = directory
    self.desk = desk
    self.samples = samples
    self.warmer = warmer
    self.logger = logger
    self.now = now
    self.limits = limits
    self.metrics = metrics
  }

  func selectEdges(_ request: SelectEdgesRequest, context: ServerContext) async throws -> SelectEdgesResponse {
    let account = try CallerIdentity.account(context)
    let user = try Self.user(request.userId)
    if request.resuming, request.fileId.isEmpty {
      throw Self.invalid("fileId", "fileId is required where resuming is true: name the upload to go on with")
    }
    if !request.resuming, !request.fileId.isEmpty {
      throw Self.invalid("fileId", "fileId may be given only together with resuming: true; a new upload is named by the service")
    }
    let inquiry = UploadInquiry(
      caller: Caller(account: account, user: user), fileSize: ByteCount(request.fileSize),
      fileHash: request.fileHash.isEmpty ? nil : ContentHash(request.fileHash), fileName: request.fileName.isEmpty ? nil : request.fileName,
      mediaType: request.fileType.isEmpty ? nil : request.fileType, location: request.userLocation.map { GeoPoint($0) },
      priority: UploadPriority(request.priority), budget: request.budgetMicroDollars.map { MicroDollars($0) },
      resumed: request.resuming ? try Self.file(request.fileId) : nil)
    let begun = context.loop.nowNanoseconds
    return try await Self.translating {
      let answer = try await planner.answer(inquiry)
      metrics?.answered(
        answer, resuming: request.resuming, size: request.fileSize, nanoseconds: context.loop.nowNanoseconds - begun)
      return SelectEdgesResponse(answer)
    }
  }

  func replanEdges(_ request: ReplanEdgesRequest, context: ServerContext) async throws -> SelectEdgesResponse {
    let account = try CallerIdentity.account(context)
    let user = request.userId.isEmpty ? nil : try Self.user(request.userId)
    let file = try Self.file(request.fileId)
    let begun = context.loop.nowNanoseconds
    return try await Self.translating {
      let offer = try await planner.replan(
        file, account: account, user: user, location: request.userLocation.map { GeoPoint($0) }, priority: UploadPriority(request.priority))
      metrics?.replanned(nanoseconds: context.loop.nowNanoseconds - begun)
      return SelectEdgesResponse(offer)
    }
  }

  func listEdges(_ request: ListEdgesRequest, context: ServerContext) async throws -> ListEdgesResponse {
    let now = now()
    let records = request.liveOnly ? directory.live(at: now) : directory.records
    return ListEdgesResponse(edges: records.map { Edge($0, now: now) })
  }

  func heartbeat(_ request: HeartbeatRequest, context: ServerContext) async throws -> HeartbeatResponse {
    guard let edge = EdgeID(request.edgeId) else { throw Self.invalid("edgeId", "edgeId must be 1 to 50 characters of a-z, 0-9 and -") }
    if case .only(let certified) = CertifiedEdge(context), certified != edge.text {
      throw RPCError.problem(.permissionDenied, reason: "CALLER_NOT_ALLOWED", message: "the certificate is for the edge \(certified)")
    }
    try Self.checkURL(request.url)
    do throws(RPCError) {
      _ = try RPCTarget(request.rpcAddress)
    } catch {
      throw Self.invalid("rpcAddress", "rpcAddress must be host:port")
    }
    let status = EdgeStatus(
      url: request.url.last == "/" ? String(request.url.dropLast()) : request.url, rpcAddress: request.rpcAddress,
      loadPercent: request.loadPercent, activeUploads: request.activeUploads, bandwidthMegabits: request.bandwidthMbps,
      isDraining: request.draining, heardAt: now())
    let place = request.location.map { GeoPoint($0) }
    let city = request.city.isEmpty ? request.location?.city ?? "" : request.city
    do {
      try await desk.take(status, from: edge, city: city, country: request.country.uppercased(), place: place)
    } catch let refusal as HeartbeatDesk.Refusal {
      switch refusal {
      case .placeMissing: throw Self.invalid("location", "location is required: edge \(edge) is not in the registry yet")
      case .registryFull: throw RPCError.problem(.resourceExhausted, reason: "REGISTRY_FULL", message: "the registry takes no further edges")
      }
    } catch let error as PostgresError {
      // It lives for this loop at least; the next heartbeat tries again.
      logger.warning("a heartbeat was not written down", metadata: ["edge": "\(edge)", "error": "\(error)"])
    }
    return HeartbeatResponse(nextInSeconds: limits.heartbeatSeconds)
  }

  func reportProbe(_ request: ReportProbeRequest, context: ServerContext) async throws -> ReportProbeResponse {
    let caller = Caller(account: try CallerIdentity.account(context), user: try Self.user(request.userId))
    // Samples of edges that nobody knows would only fill memory.
    let known = request.probes.compactMap { probe in
      EdgeID(probe.edgeId).flatMap { id in directory[id] == nil ? nil : (edge: id, milliseconds: probe.rttMilliseconds) }
    }
    guard known.allSatisfy(\.milliseconds.isFinite) else { throw Self.invalid("probes.rttMs", "probes.rttMs must be a number") }
    do {
      if !known.isEmpty { try await samples.record(known, of: caller, now: now()) }
    } catch let error as RedisError {
      logger.warning("samples were not kept", metadata: ["error": "\(error)"])
      throw RPCError.problem(.unavailable, reason: "CACHE_UNAVAILABLE", message: "samples cannot be kept just now", retryAfterSeconds: 5)
    }
    return ReportProbeResponse(ok: true)
  }

  func preWarm(_ request: PreWarmRequest, context: ServerContext) async throws -> PreWarmResponse {
    let user = request.userId.isEmpty ? nil : try Self.user(request.userId)
    // A user means nothing without an account; everybody may be warmed by a service only.
    let account = user == nil ? try CallerIdentity.scope(context) : try CallerIdentity.account(context)
    return try await Self.translating {
      let done = try await warmer.warm(account: account, user: user, at: now())
      return PreWarmResponse(users: UInt32(clamping: done.users), edgesWarmed: UInt32(clamping: done.edges))
    }
  }

  // MARK: Words

  private static func translating<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch let error as SelectionError {
      throw RPCError(error)
    } catch let error as PostgresError where error.isUnavailable {
      throw RPCError.problem(.unavailable, reason: "DATABASE_UNAVAILABLE", message: "the database does not answer just now", retryAfterSeconds: 5)
    }
  }

  private static func user(_ text: String) throws(RPCError) -> UserID {
    guard let user = UserID(text) else { throw invalid("userId", "userId must be 1 to 64 characters of A-Z, a-z, 0-9, _ and -") }
    return user
  }

  private static func file(_ text: String) throws(RPCError) -> FileID {
    guard let file = FileID(text) else { throw invalid("fileId", "fileId must be \"file_\" followed by 26 lower-case base32 characters") }
    return file
  }

  /// Clients send tokens to this URL: nothing that is not plainly one gets through.
  private static func checkURL(_ url: String) throws(RPCError) {
    let rest = url.hasPrefix("https://") ? url.dropFirst(8) : url.hasPrefix("http://") ? url.dropFirst(7) : ""
    guard !rest.isEmpty, rest.first != "/", url.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "@") })
    else { throw invalid("url", "url must be an http:// or https:// URL") }
  }

  private static func invalid(_ field: String, _ message: String) -> RPCError {
    .problem(.invalidArgument, reason: "INVALID_FIELD", field: field, message: message)
  }
}

import Contracts
import EventLoops
import HTTPClient
import Model

/// Uploads files: digests, asks where to send, sends, finalizes. One file at a time; loop thread only.
public final class Uploader: @unchecked Sendable {
  private let gateway: GatewayClient
  private let http: HTTPClient
  private let loop: EventLoop
  private let journals: JournalStore?
  private let options: UploadOptions
  private let temporaryDirectory: String
  private let onEvent: (UploadEvent) -> Void
  /// The upload that is under way and may have to be gone on with another time.
  public private(set) var interrupted: FileID?

  /// Without `journals` an upload can only be resumed by its id. Events are delivered on the loop of `http`.
  public init(
    gateway: GatewayClient, http: HTTPClient, journals: JournalStore?, options: UploadOptions, temporaryDirectory: String = "/tmp",
    onEvent: @escaping (UploadEvent) -> Void
  ) {
    self.gateway = gateway
    self.http = http
    self.journals = journals
    self.options = options
    self.temporaryDirectory = temporaryDirectory
    self.onEvent = onEvent
    loop = http.loop
  }

  /// Stores a file. Throws `UploadFailure`, or `CancellationError` once what is stored was noted for `resume`.
  public func upload(path: String) async throws -> UploadResult {
    interrupted = nil
    let file = try SourceFile(path: path)
    guard let plan = UploadPlan(fileSize: file.size) else {
      throw UploadFailure(.refused, "\(path) has \(file.size); the most that one file may have is \(UploadPlan.fileSizeMax)")
    }
    let start = loop.nowNanoseconds
    let digest = try await hash(file, plan: plan)
    let hashed = loop.nowNanoseconds
    let response = try await patiently("asking for edges", atMostMilliseconds: Self.firstPatienceMilliseconds) {
      try await self.gateway.optimalEdges(self.request(for: file, digest: digest))
    }
    let prepared = PreparedFile(file: file, digest: digest, hashSeconds: seconds(from: start, to: hashed), readyAt: hashed)
    if let duplicate = response.duplicate { return try prepared.result(of: duplicate) }
    let job = try await UploadJob(prepared, plannedBy: response, guess: plan, rehash: hash)
    return try await run(job, response: response, stored: [])
  }

  /// Goes on with an upload. `id` nil: the one that the journal knows for this file.
  public func resume(path: String, id: FileID?) async throws -> UploadResult {
    interrupted = nil
    let file = try SourceFile(path: path)
    let journal = try self.journal(for: file, id: id)
    guard let fileID = id ?? journal?.fileID else {
      throw UploadFailure(.notFound, "no interrupted upload of \(path) is known here; name it by its id, or start anew with: jetty upload")
    }
    interrupted = fileID
    let start = loop.nowNanoseconds
    guard let guess = journal?.plan ?? UploadPlan(fileSize: file.size), guess.fileSize == file.size else {
      throw UploadFailure(.fileChanged, "\(path) has another size than when its upload began; upload it anew")
    }
    let digest = try await knownOrFreshDigest(of: file, plan: guess, journal: journal)
    let hashed = loop.nowNanoseconds
    var request = request(for: file, digest: digest)
    request.resuming = true
    request.fileId = fileID.text
    let prepared = PreparedFile(file: file, digest: digest, hashSeconds: seconds(from: start, to: hashed), readyAt: hashed)
    let response: SelectEdgesResponse
    do {
      let asked = request
      response = try await patiently("asking for edges") { try await self.gateway.optimalEdges(asked) }
    } catch let failure as UploadFailure {
      if failure.kind == .notFound { journals?.remove(fileID) }
      // It may have been finished just before we died, without our hearing of it. Finalizing twice gives the same file.
      guard failure.reason == "UPLOAD_ENDED" else { throw failure }
      return try await finalize(UploadJob(prepared, fileID: fileID, plan: guess))
    }
    let job = try await UploadJob(prepared, plannedBy: response, guess: guess, rehash: hash)
    let state = try await patiently("asking what is stored") { try await self.gateway.state(user: self.options.user, file: fileID) }
    let stored = Set((state?.chunksUploaded ?? []).compactMap { ChunkIndex($0) }.filter { $0.rawValue < response.chunksTotal })
    return try await run(job, response: response, stored: stored)
  }

  // MARK: One upload

  private func run(_ job: UploadJob, response: SelectEdgesResponse, stored: Set<ChunkIndex>) async throws -> UploadResult {
    var job = job
    let (fileID, plan) = (job.fileID, job.plan)
    interrupted = fileID
    remember(job)
    var stored = stored
    var route = try route(from: response)
    onEvent(.planned(fileID: fileID, plan: plan, edges: route.edges.map(\.id), chunksStored: stored.count))
    let compressor = try await compressor(for: job.file, advice: response.strategy?.compression)
    let pinging = ping(route.edges, chunks: Int(plan.chunksTotal) - stored.count)
    defer { pinging?.cancel() }
    // Usually one round. Another where the service, at the end, misses chunks that it once had.
    for round in 1... {
      let sender = ChunkSender(
        file: job.file, fileID: fileID, plan: plan, hashes: job.digest.chunkHashes, stored: stored, route: route, threads: options.threads,
        patienceMilliseconds: options.patienceMilliseconds, compressor: compressor, http: http,
        reroute: { [job] in try await self.newRoute(for: job) })
      let reporter = ProgressReporter(sender: sender, plan: plan, user: options.user, fileID: fileID, gateway: gateway, loop: loop, onEvent: onEvent)
      do {
        try await sender.sendAll(onEvent: onEvent, tick: { reporter.tick() })
        try job.file.checkUnchanged()
      } catch let failure as UploadFailure where failure.reason == "UPLOAD_ENDED" {
        // Somebody else sent the rest of it. If instead it was given up, finalizing says so.
        await reporter.finish()
        job.add(sender)
        return try await finalize(job)
      } catch {
        await reporter.saveForLater()
        throw error
      }
      reporter.tick()
      await reporter.finish()
      job.add(sender)
      do {
        return try await finalize(job)
      } catch let failure as UploadFailure where failure.reason == "INCOMPLETE_UPLOAD" && round < 3 {
        onEvent(.note("the service misses chunks; looking again"))
        let state = try await patiently("asking what is stored") { try await self.gateway.state(user: self.options.user, file: fileID) }
        stored = Set((state?.chunksUploaded ?? []).compactMap { ChunkIndex($0) })
        route = try await newRoute(for: job)
      }
    }
    throw UploadFailure(.protocolViolation, "the service keeps losing chunks of \(fileID)")
  }

  private func finalize(_ job: UploadJob) async throws -> UploadResult {
    onEvent(.finalizing)
    let request = FinalizeUploadRequest(fileId: job.fileID.text, totalChunks: job.plan.chunksTotal, userId: options.user.text)
    let response: FinalizeUploadResponse
    do {
      response = try await patiently("finalizing") { try await self.gateway.finalize(request) }
    } catch let failure as UploadFailure where failure.reason == "UPLOAD_ENDED" {
      // Given up, or expired: there is nothing left to go on with.
      journals?.remove(job.fileID)
      interrupted = nil
      throw failure
    }
    guard let stored = response.file, stored.size == job.plan.fileSize.rawValue else {
      throw UploadFailure(.protocolViolation, "the service finalized \(job.fileID) with another size than the file has")
    }
    // An upload that had ended before is asked about by its id only: it may have been of another file.
    guard stored.fileHash.isEmpty || stored.fileHash == job.digest.fileHash.text else {
      throw UploadFailure(.fileChanged, "\(job.file.path) is not the file that was uploaded as \(job.fileID); upload it anew")
    }
    journals?.remove(job.fileID)
    interrupted = nil
    return job.result(of: stored, finishedAt: loop.nowNanoseconds)
  }

  // MARK: Steps

  private func hash(_ file: SourceFile, plan: UploadPlan) async throws -> FileDigest {
    let total = plan.fileSize.rawValue
    let onEvent = onEvent
    let digest = try await FileHasher.digest(file, plan: plan, on: loop) { onEvent(.hashing(bytesDone: $0, bytesTotal: total)) }
    try file.checkUnchanged()
    return digest
  }

  /// The journal's digest if the file has not been touched since; else a fresh one, which must be the same.
  private func knownOrFreshDigest(of file: SourceFile, plan: UploadPlan, journal: UploadJournal?) async throws -> FileDigest {
    if let journal, journal.fingerprint == file.fingerprint { return journal.digest }
    let digest = try await hash(file, plan: plan)
    if let journal, journal.digest.fileHash != digest.fileHash {
      throw UploadFailure(.fileChanged, "\(file.path) was changed since its upload began; upload it anew")
    }
    return digest
  }

  private func journal(for file: SourceFile, id: FileID?) throws -> UploadJournal? {
    guard let id else { return journals?.journals(path: file.resolvedPath).first { $0.gateway == gateway.baseURL && $0.userID == options.user } }
    return journals?.journal(of: id)
  }

  private func remember(_ job: UploadJob) {
    guard let journals, job.plan.chunksTotal > 0 else { return }
    do {
      try journals.save(
        UploadJournal(
          fileID: job.fileID, userID: options.user, gateway: gateway.baseURL, path: job.file.resolvedPath, fingerprint: job.file.fingerprint,
          plan: job.plan, digest: job.digest))
    } catch {
      onEvent(.note("this upload can be resumed by its id only: \(error)"))
    }
  }

  /// Not for a file that is gone before an answer would be of use.
  private func ping(_ edges: [(id: EdgeID, url: String, weight: Double)], chunks: Int) -> Task<Void, Never>? {
    guard chunks >= 2 else { return nil }
    let pinger = EdgePinger(http: http, gateway: gateway, user: options.user)
    return loop.spawn { await pinger.run(edges) }
  }

  private func compressor(for file: SourceFile, advice: CompressionKind?) async throws -> ChunkCompressor? {
    guard options.isCompressionAllowed, advice == .gzip, try await ChunkCompressor.isWorthwhile(for: file, on: loop) else { return nil }
    return ChunkCompressor(directory: temporaryDirectory)
  }

  private func request(for file: SourceFile, digest: FileDigest) -> SelectEdgesRequest {
    let name = Self.cleaned(options.fileName ?? file.name)
    return SelectEdgesRequest(
      userId: options.user.text, fileSize: file.size.rawValue, fileHash: digest.fileHash.text, userLocation: options.location,
      priority: options.priority, budgetMicroDollars: options.budget?.rawValue, fileName: name,
      fileType: options.mediaType ?? MediaTypes.guess(fileName: name))
  }

  private func newRoute(for job: UploadJob) async throws -> ChunkSender.Route {
    var request = request(for: job.file, digest: job.digest)
    request.resuming = true
    request.fileId = job.fileID.text
    return try route(from: try await gateway.optimalEdges(request))
  }

  private func route(from response: SelectEdgesResponse) throws -> ChunkSender.Route {
    let edges = response.edges.compactMap { edge in EdgeID(edge.id).map { (id: $0, url: edge.url, weight: edge.weight) } }
    guard !edges.isEmpty, !response.uploadToken.isEmpty else {
      throw UploadFailure(.protocolViolation, "the service named no edge to send to")
    }
    let threads = Int(min(response.strategy?.threads ?? 16, 64))
    return ChunkSender.Route(edges: edges, token: response.uploadToken, threadsMax: threads)
  }

  /// Before anything was sent, a service that does not answer is more likely a wrong address than a hiccup.
  static let firstPatienceMilliseconds: UInt64 = 60_000

  private func patiently<Result>(
    _ what: String, atMostMilliseconds: UInt64 = .max, _ attempt: () async throws -> Result
  ) async throws -> Result {
    var isFirst = true
    return try await GatewayClient.retrying(patienceMilliseconds: min(options.patienceMilliseconds, atMostMilliseconds), on: loop) {
      defer { isFirst = false }
      do {
        return try await attempt()
      } catch let failure as UploadFailure where failure.isRetryable {
        if isFirst { onEvent(.note("\(what): \(failure.message); trying again")) }
        throw failure
      }
    }
  }

  private func seconds(from start: UInt64, to end: UInt64) -> Double { Double(end - start) / 1e9 }

  /// A file may be called anything; the service takes 1 to 1,024 bytes without control characters.
  static func cleaned(_ name: String) -> String {
    var cleaned = ""
    for scalar in name.unicodeScalars {
      let isControl = scalar.value < 32 || (127..<160).contains(scalar.value)
      let next = isControl ? Unicode.Scalar("_") : scalar
      guard cleaned.utf8.count + Unicode.UTF8.width(next) <= 1_024 else { break }
      cleaned.unicodeScalars.append(next)
    }
    return cleaned.isEmpty ? "unnamed" : cleaned
  }
}

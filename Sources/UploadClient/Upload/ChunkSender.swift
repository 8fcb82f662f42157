import EventLoops
import HTTPClient
import Model

/// Sends the chunks of one file over its edges until all are stored. Loop thread only.
///
/// Failed chunks go to another edge; an edge that fails rests for a while and, if it goes on failing, fresh edges are asked for.
final class ChunkSender: @unchecked Sendable {
  /// What the service said about where to send.
  struct Route: Sendable {
    var edges: [(id: EdgeID, url: String, weight: Double)]
    var token: String
    var threadsMax: Int
  }

  private let file: SourceFile
  private let fileID: FileID
  private let plan: UploadPlan
  private let hashes: [ContentHash]
  private let http: HTTPClient
  private let loop: EventLoop
  private let patienceMilliseconds: UInt64
  private let reroute: () async throws -> Route
  private let compressor: ChunkCompressor?

  private(set) var lanes: [EdgeLane]
  private var token: String
  private var distribution: ChunkDistribution
  private var gauge: ConcurrencyGauge
  private var random = SystemRandomNumberGenerator()
  private(set) var stored: Set<ChunkIndex>
  private(set) var bytesSent: UInt64 = 0
  private(set) var chunksSent = 0
  /// Body bytes handed over so far, of chunks on their way.
  private var sentOfChunk: [ChunkIndex: UInt64] = [:]
  private var retired: [EdgeReport] = []
  private var failingSince: UInt64?
  private var reroutedAt: UInt64 = 0
  private var attempts: [ChunkIndex: Int] = [:]

  /// An edge that failed this often in a row is reason to ask for others.
  static let failuresBeforeReroute = 3
  static let rerouteNanosecondsMin: UInt64 = 10_000_000_000
  /// A chunk that an edge finds damaged this often is damaged here.
  static let damagedAttemptsMax = 3

  /// `reroute` asks the service for fresh edges and a fresh token.
  init(
    file: SourceFile, fileID: FileID, plan: UploadPlan, hashes: [ContentHash], stored: Set<ChunkIndex>, route: Route, threads: Int?,
    patienceMilliseconds: UInt64, compressor: ChunkCompressor?, http: HTTPClient, reroute: @escaping () async throws -> Route
  ) {
    self.file = file
    self.fileID = fileID
    self.plan = plan
    self.hashes = hashes
    self.stored = stored
    self.http = http
    self.patienceMilliseconds = patienceMilliseconds
    self.compressor = compressor
    self.reroute = reroute
    loop = http.loop
    token = route.token
    lanes = route.edges.map { EdgeLane(id: $0.id, url: $0.url, weight: $0.weight) }
    let waiting = (0..<plan.chunksTotal).compactMap { ChunkIndex($0) }.filter { !stored.contains($0) }
    distribution = ChunkDistribution(chunks: waiting, edges: route.edges.map { ($0.id, $0.weight) })
    gauge = threads.map { ConcurrencyGauge(fixed: $0) } ?? ConcurrencyGauge(edges: route.edges.count, widthMax: route.threadsMax)
  }

  var bytesStored: UInt64 { stored.reduce(0) { $0 + (plan.size(of: $1)?.rawValue ?? 0) } }
  var bytesDone: UInt64 { bytesStored + sentOfChunk.values.reduce(0, +) }
  var reports: [EdgeReport] {
    retired + lanes.map { lane in
      var report = lane.report
      report.underWay = distribution.underWay(at: lane.id)
      return report
    }
  }

  private enum Outcome: Sendable {
    case stored(ChunkIndex, edge: EdgeID, bytes: UInt64, seconds: Double, wasSent: Bool)
    case failed(ChunkIndex, edge: EdgeID, token: String, UploadFailure)
    case tick
  }

  /// Returns when every chunk is stored. `tick` is called twice a second.
  func sendAll(onEvent: (UploadEvent) -> Void, tick: () -> Void) async throws {
    guard distribution.chunksLeft > 0 else { return }
    try await withThrowingTaskGroup(of: Outcome.self) { group in
      defer { group.cancelAll() }
      var underWay = 0
      var lastRateMark = (at: loop.nowNanoseconds, bytes: bytesDone)
      group.addTask { try await self.wait(milliseconds: 500) }
      while distribution.chunksLeft > 0 {
        while underWay < gauge.width, let (chunk, lane) = pick() {
          underWay += 1
          let token = token
          group.addTask { await self.send(chunk, to: lane, token: token) }
        }
        guard let outcome = try await group.next() else { return }
        switch outcome {
        case .tick:
          let now = loop.nowNanoseconds
          if now - lastRateMark.at >= 1_000_000_000 {
            let done = bytesDone
            gauge.measured(bytesPerSecond: Double(done - min(done, lastRateMark.bytes)) / (Double(now - lastRateMark.at) / 1e9))
            lastRateMark = (now, done)
          }
          tick()
          group.addTask { try await self.wait(milliseconds: 500) }
        case .stored(let chunk, let edge, let bytes, let seconds, let wasSent):
          underWay -= 1
          note(stored: chunk, by: edge, bytes: bytes, seconds: seconds, wasSent: wasSent)
          onEvent(.chunkStored(chunk, edge: edge, bytes: bytes, seconds: seconds))
        case .failed(let chunk, let edge, let token, let failure):
          underWay -= 1
          try await recover(from: failure, chunk: chunk, edge: edge, token: token, onEvent: onEvent)
        }
      }
    }
  }

  private func wait(milliseconds: UInt64) async throws -> Outcome {
    try await loop.sleep(milliseconds: milliseconds)
    return .tick
  }

  // MARK: Choosing

  /// The next chunk and the edge for it: idle edges first, then those with the least under way for their weight.
  private func pick() -> (ChunkIndex, EdgeLane)? {
    let now = loop.nowNanoseconds
    let fit = lanes.filter { $0.restsUntil <= now }
    let order = fit.sorted { left, right in
      let (leftBusy, rightBusy) = (distribution.underWay(at: left.id), distribution.underWay(at: right.id))
      if (leftBusy == 0) != (rightBusy == 0) { return leftBusy == 0 }
      return Double(leftBusy + 1) / left.weight < Double(rightBusy + 1) / right.weight
    }
    let ids = Set(fit.map(\.id))
    for lane in order {
      if let chunk = distribution.next(for: lane.id, others: ids.subtracting([lane.id])) { return (chunk, lane) }
    }
    return nil
  }

  // MARK: Sending

  private func send(_ chunk: ChunkIndex, to lane: EdgeLane, token: String) async -> Outcome {
    guard let size = plan.size(of: chunk)?.rawValue, let offset = plan.offset(of: chunk)?.rawValue else {
      return .failed(chunk, edge: lane.id, token: token, UploadFailure(.protocolViolation, "chunk \(chunk) is not in the plan"))
    }
    let start = loop.nowNanoseconds
    sentOfChunk[chunk] = 0
    defer { sentOfChunk[chunk] = nil }
    do {
      let packed = try await compressor?.pack(file, offset: offset, size: size, on: loop)
      let request = ChunkRequest.make(
        edgeURL: lane.url, file: fileID, chunk: chunk, hash: hashes[Int(chunk.rawValue)], token: token, isGzip: packed != nil)
      let reply = try await http.send(
        request, body: packed.map { self.body(of: chunk, packed: $0, plainSize: size) } ?? body(of: chunk, from: offset, size: size),
        responseBytesMax: 64 << 10)
      guard (200..<300).contains(reply.head.status) else {
        return .failed(chunk, edge: lane.id, token: token, UploadFailure(reply: reply, from: "edge \(lane.id)"))
      }
      let wasSent = sentOfChunk[chunk, default: 0] >= size
      return .stored(chunk, edge: lane.id, bytes: size, seconds: Double(loop.nowNanoseconds - start) / 1e9, wasSent: wasSent)
    } catch let error as HTTPClientError {
      return .failed(chunk, edge: lane.id, token: token, UploadFailure(.unavailable, "edge \(lane.id): \(error.detail)"))
    } catch let failure as UploadFailure {
      return .failed(chunk, edge: lane.id, token: token, failure)
    } catch {
      return .failed(chunk, edge: lane.id, token: token, UploadFailure(.unavailable, "edge \(lane.id): \(error)"))
    }
  }

  private func body(of chunk: ChunkIndex, from offset: UInt64, size: UInt64) -> HTTPClientBody {
    let loop = loop
    let file = file
    var position: UInt64 = 0
    return HTTPClientBody(size: size) { [weak self] room in
      let wanted = Int(min(UInt64(room.count), size - position))
      guard wanted > 0 else { return 0 }
      // The pool writes into the client's own buffer; this task waits for it, so nobody else touches that meanwhile.
      nonisolated(unsafe) let target = UnsafeMutableRawBufferPointer(rebasing: room[..<wanted])
      let at = offset + position
      let count = try await loop.offload { try file.read(into: target, at: at) }
      guard count == wanted else { throw UploadFailure(.fileChanged, "\(file.path) became shorter while it was being uploaded") }
      position += UInt64(count)
      self?.sentOfChunk[chunk] = position
      return count
    }
  }

  private func body(of chunk: ChunkIndex, packed: PackedChunk, plainSize: UInt64) -> HTTPClientBody {
    let loop = loop
    var position: UInt64 = 0
    return HTTPClientBody(size: packed.size) { [weak self] room in
      let wanted = Int(min(UInt64(room.count), packed.size - position))
      guard wanted > 0 else { return 0 }
      nonisolated(unsafe) let target = UnsafeMutableRawBufferPointer(rebasing: room[..<wanted])
      let at = position
      try await loop.offload { try packed.read(into: target, at: at) }
      position += UInt64(wanted)
      // Progress is told in bytes of the file.
      self?.sentOfChunk[chunk] = position == packed.size ? plainSize : position * plainSize / max(1, packed.size)
      return wanted
    }
  }

  // MARK: Afterwards

  private func note(stored chunk: ChunkIndex, by edge: EdgeID, bytes: UInt64, seconds: Double, wasSent: Bool) {
    stored.insert(chunk)
    failingSince = nil
    attempts[chunk] = nil
    if wasSent {
      bytesSent += bytes
      chunksSent += 1
    }
    let rate = wasSent && seconds > 0 ? Double(bytes) / seconds : nil
    distribution.finished(chunk, by: edge, bytesPerSecond: rate)
    if let rate { compressor?.measured(bytesPerSecond: rate * Double(gauge.width)) }
    guard let lane = lanes.firstIndex(where: { $0.id == edge }) else { return }
    lanes[lane].backoff.succeeded()
    lanes[lane].report.chunks += 1
    lanes[lane].report.bytes += bytes
  }

  /// Puts a failed chunk back in line, or throws where trying again cannot help.
  private func recover(
    from failure: UploadFailure, chunk: ChunkIndex, edge: EdgeID, token: String, onEvent: (UploadEvent) -> Void
  ) async throws {
    try Task.checkCancellation()
    distribution.failed(chunk, by: edge)
    let now = loop.nowNanoseconds
    if failure.kind == .fileChanged { throw failure }
    // Whatever the edge objects to, a file that was written to is the better explanation.
    if failure.kind == .refused { try file.checkUnchanged() }
    switch failure.kind {
    case .file, .fileChanged, .notFound:
      throw failure
    case .refused:
      attempts[chunk, default: 0] += 1
      let isDamage = failure.status == 400 || failure.status == 422
      guard isDamage, attempts[chunk, default: 0] < Self.damagedAttemptsMax else {
        throw failure
      }
    case .unauthorized:
      // Expired, most likely. Others that were under way with the old token learn of the new one this way.
      guard token == self.token else { return }
      // A fresh token that is refused as well is an answer.
      guard now - reroutedAt >= Self.rerouteNanosecondsMin else { throw failure }
      try await takeNewRoute(onEvent: onEvent)
    case .unavailable, .protocolViolation:
      break
    }
    guard let lane = lanes.firstIndex(where: { $0.id == edge }) else { return }
    lanes[lane].report.failures += 1
    let wait = lanes[lane].backoff.failed(retryAfterSeconds: failure.retryAfterSeconds, random: &random)
    lanes[lane].restsUntil = now + wait * 1_000_000
    onEvent(.retrying(what: "chunk \(chunk)", because: failure.message))
    let since = failingSince ?? now
    failingSince = since
    if (now - since) / 1_000_000 > patienceMilliseconds { throw failure }
    if lanes[lane].backoff.failures >= Self.failuresBeforeReroute, now - reroutedAt >= Self.rerouteNanosecondsMin {
      do {
        try await takeNewRoute(onEvent: onEvent)
      } catch let failure as UploadFailure where failure.isRetryable {
        onEvent(.retrying(what: "asking for other edges", because: failure.message))
      }
    }
  }

  private func takeNewRoute(onEvent: (UploadEvent) -> Void) async throws {
    reroutedAt = loop.nowNanoseconds
    let route = try await reroute()
    token = route.token
    let before = lanes
    lanes = route.edges.map { fresh in
      var lane = EdgeLane(id: fresh.id, url: fresh.url, weight: fresh.weight)
      if let same = before.first(where: { $0.id == fresh.id }) {
        lane.report = same.report
        // At another address it is another process: no reason to let it rest.
        if same.url == lane.url { (lane.backoff, lane.restsUntil) = (same.backoff, same.restsUntil) }
      }
      return lane
    }
    retired += before.filter { old in !lanes.contains { $0.id == old.id } }.map(\.report)
    distribution.replaceEdges(route.edges.map { ($0.id, $0.weight) })
    if Set(before.map(\.id)) != Set(lanes.map(\.id)) { onEvent(.edgesChanged(lanes.map(\.id))) }
  }
}

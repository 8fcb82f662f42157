import Contracts
import EventLoops
import HTTPServer
import Model
import RPC

/// One upload that is watched: a single stream from UploadState, told to every client that asked. Loop thread only.
final class WatchedUpload: @unchecked Sendable {
  private let loop: EventLoop
  private let limits: GatewayLimits
  private(set) var latest: WatchEvent?
  private var readers: [ObjectIdentifier: WatchReader] = [:]
  private var waiters: [LoopPromise<Void>] = []
  private var idleTimer: LoopTimer?
  private var task: Task<Void, Never>?
  /// Nothing will be heard any more.
  private var isStopped = false
  /// Why, where something went wrong.
  private var ending: (any Error)?
  /// Nobody needs it any more, or it cannot go on.
  private let onEnd: (WatchedUpload) -> Void
  private let metrics: WatchMetrics

  init(loop: EventLoop, limits: GatewayLimits, metrics: WatchMetrics, onEnd: @escaping (WatchedUpload) -> Void) {
    self.loop = loop
    self.limits = limits
    self.metrics = metrics
    self.onEnd = onEnd
  }

  func start(_ source: WatchSource) {
    task = loop.spawn { await self.follow(source) }
    rest()
  }

  /// Returns once there is something to tell.
  /// - Throws: `RPCError`: NOT_FOUND where the caller has no such upload, UNAVAILABLE.
  func waitForState() async throws {
    guard latest == nil else { return }
    guard !isStopped else { throw ending ?? RPCError(.unavailable, "the watch has ended") }
    let promise = LoopPromise<Void>(loop: loop)
    waiters.append(promise)
    defer { waiters.removeAll { $0 === promise } }
    do {
      try await promise.wait(timeoutMilliseconds: limits.callMilliseconds)
    } catch is TimeoutError {
      throw RPCError.problem(
        .unavailable, reason: "UNAVAILABLE", message: "The upload's state cannot be had for a moment.", retryAfterSeconds: 2)
    }
  }

  /// Tells a client what is news to it, then what happens, until the upload ends or the client goes.
  /// - Parameter seen: what it has seen already.
  func serve(_ writer: HTTPResponseWriter, after seen: WatchVersion?) async throws {
    writer.endWhenClientHalfCloses()
    let reader = WatchReader(writer, loop: loop, waitingBytesMax: limits.watchWaitingBytesMax)
    reader.send(Array("retry: \(limits.watchRetryMilliseconds)\n\n".utf8))
    if let latest {
      if seen.map({ $0 < latest.version }) ?? true { tell(reader, latest) }
      if latest.version.hasEnded { return }
    }
    // The client comes again.
    guard !isStopped else { return }
    readers[ObjectIdentifier(reader)] = reader
    idleTimer?.cancel()
    defer {
      readers[ObjectIdentifier(reader)] = nil
      rest()
    }
    do {
      try await reader.wait(milliseconds: limits.watchMilliseconds)
    } catch let error as WatchReader.TooSlow {
      metrics.dropped()
      throw error
    }
  }

  func sendHeartbeats() {
    for reader in readers.values { _ = reader.sendHeartbeat() }
  }

  /// Every answer ends; clients come again, to another process.
  func stop() {
    isStopped = true
    idleTimer?.cancel()
    task?.cancel()
    for waiter in waiters { waiter.fail(RPCError(.unavailable, "the gateway is stopping")) }
    for reader in readers.values { reader.end() }
  }

  // MARK: The stream

  /// Opens the stream again, ever more slowly, while it breaks before the upload has ended.
  private func follow(_ source: WatchSource) async {
    var backoff = ReconnectBackoff(initialMilliseconds: 250, maximumMilliseconds: 5_000)
    while !Task.isCancelled {
      do {
        try await source.follow { event in
          backoff.reset()
          self.heard(event)
        }
        if latest?.version.hasEnded == true { break }
      } catch {
        guard isPassing(error), latest != nil else {
          ending = error
          for waiter in waiters { waiter.fail(error) }
          break
        }
      }
      guard (try? await loop.sleep(milliseconds: backoff.nextDelayMilliseconds(chance: .random(in: 0..<1)))) != nil else { break }
    }
    isStopped = true
    idleTimer?.cancel()
    for reader in readers.values { reader.end() }
    onEnd(self)
  }

  private func heard(_ state: StateEvent) {
    let event = WatchEvent(state)
    if let latest {
      // A stream that began anew tells the state again: it is news only where it is newer.
      let isNews = latest.version < event.version || (event.hasChunk && !event.version.hasEnded && latest.version == event.version)
      guard isNews, !latest.version.hasEnded else { return }
    }
    latest = event
    for reader in readers.values { tell(reader, event) }
    for waiter in waiters { waiter.succeed(()) }
  }

  private func tell(_ reader: WatchReader, _ event: WatchEvent) {
    if reader.send(event.bytes) { metrics.told() }
  }

  /// An upload that is gone stays gone; whatever else went wrong may pass.
  private func isPassing(_ error: any Error) -> Bool {
    guard let error = error as? RPCError else { return !(error is CancellationError) }
    return ![.notFound, .permissionDenied, .unauthenticated, .invalidArgument, .cancelled].contains(error.code)
  }

  private func rest() {
    guard readers.isEmpty, !isStopped else { return }
    idleTimer?.cancel()
    idleTimer = loop.schedule(afterMilliseconds: limits.watchLingerMilliseconds) { [weak self] in
      guard let self, self.readers.isEmpty else { return }
      // Somebody may be about to read.
      guard self.waiters.isEmpty else { return self.rest() }
      self.stop()
      self.onEnd(self)
    }
  }
}

import Contracts
import EventLoops
import Logging
import Model
import RPC
import Redis

/// Follows uploads for WatchState: hears of changes by Redis, and reads the truth where it may have missed one. Loop thread only.
final class UploadWatch {
  private let desk: SessionDesk
  private let progress: RedisProgress
  private let log: Logger
  private let now: () -> Int64
  private let limits: SessionLimits
  /// Those that run.
  private(set) var watchers = 0

  init(desk: SessionDesk, progress: RedisProgress, log: Logger, now: @escaping () -> Int64, limits: SessionLimits = SessionLimits()) {
    self.desk = desk
    self.progress = progress
    self.log = log
    self.now = now
    self.limits = limits
  }

  /// Tells one event at once and one for each change, until the upload has ended.
  /// - Throws: `SessionError.notFound`, `.overloaded`, what `tell` throws, `CancellationError`.
  func run(_ file: FileID, owner: SessionOwner, tell: (StateEvent) async throws -> Void) async throws {
    guard watchers < limits.watchersMax else { throw SessionError.overloaded("too many uploads are being watched just now") }
    watchers += 1
    defer { watchers -= 1 }
    let session = try await desk.find(file, account: owner.account, user: owner.user, now: now())
    var watched = WatchedUpload(plan: session.plan)
    let subscription = try? progress.subscribe(file)
    defer { subscription?.cancel() }

    // Listening comes before reading: what changes in between is heard.
    var isLive = try await news(subscription, isLive: false, milliseconds: limits.subscribeMilliseconds).isLive
    let first = try await desk.event(of: file, owner: owner, now: now()).event
    if let event = watched.read(first) { try await tell(StateEvent(event, plan: session.plan)) }
    while !watched.isEnded {
      let wait = isLive ? limits.watchResyncMilliseconds : limits.watchPollMilliseconds
      let event: ProgressEvent?
      switch try await news(subscription, isLive: isLive, milliseconds: wait) {
      case .chunk(let heard):
        event = watched.heard(heard)
      case .readAgain(let live):
        isLive = live
        event = try await truth(file, owner).flatMap { watched.read($0) }
      case .closed:
        throw RPCError(.unavailable, "the service is stopping")
      }
      if let event { try await tell(StateEvent(event, plan: session.plan)) }
    }
  }

  /// Nil where it cannot be had just now; then the next turn tries again.
  private func truth(_ file: FileID, _ owner: SessionOwner) async throws -> ProgressEvent? {
    do {
      return try await desk.event(of: file, owner: owner, now: now()).event
    } catch let error where error is CancellationError || error as? SessionError == .notFound {
      throw error
    } catch {
      log.debug("a watcher could not read the truth", metadata: ["error": "\(error)"])
      return nil
    }
  }

  private func news(_ subscription: RedisSubscription?, isLive: Bool, milliseconds: UInt64) async throws -> RedisProgress.News {
    guard let subscription else {
      try await progress.pause(milliseconds: milliseconds)
      return .readAgain(isLive: false)
    }
    return try await progress.next(subscription, isLive: isLive, milliseconds: milliseconds)
  }
}

extension RedisProgress.News {
  var isLive: Bool {
    switch self {
    case .chunk: true
    case .readAgain(let isLive): isLive
    case .closed: false
    }
  }
}

import Contracts
import EventLoops
import ObjectStore
import RPC

/// Opens what the first chunk would have to wait for: connections to the store and to the core. Loop thread only.
///
/// Anyone may ask, so askers share one attempt, and one attempt a second at most is made.
final class EdgeWarmer: @unchecked Sendable {
  private let loop: EventLoop
  private let store: any ObjectStore
  private let channels: [RPCChannel]
  private var lastNanoseconds: UInt64?
  private var waiting: [LoopPromise<Void>]?

  /// The core asks ahead of the hour in which somebody is expected: connections are kept open until that hour is over.
  private var warmUntilNanoseconds: UInt64 = 0
  private var keeper: Task<Void, Never>?

  private static let warmthNanoseconds: UInt64 = 4_200_000_000_000
  /// HTTP and RPC connections that are idle for longer may be closed by the other side.
  private static let touchMilliseconds: UInt64 = 45_000
  private static let pauseNanoseconds: UInt64 = 1_000_000_000
  private static let timeoutMilliseconds: UInt64 = 3_000

  init(loop: EventLoop, store: any ObjectStore, channels: [RPCChannel]) {
    self.loop = loop
    self.store = store
    self.channels = channels
  }

  /// - Throws: UNAVAILABLE where the store or the core cannot be reached.
  func run() async throws {
    if let lastNanoseconds, loop.nowNanoseconds - lastNanoseconds < Self.pauseNanoseconds { return }
    let promise = LoopPromise<Void>(loop: loop)
    if waiting == nil {
      waiting = [promise]
      loop.spawn { [self] in await attempt() }
    } else {
      waiting?.append(promise)
    }
    try await promise.wait()
  }

  /// The same, and keeps what it opened open for the next 70 minutes.
  func runAndKeep() async throws {
    warmUntilNanoseconds = loop.nowNanoseconds + Self.warmthNanoseconds
    if keeper == nil { keeper = loop.spawn { [weak self] in await self?.keep() } }
    try await run()
  }

  private func keep() async {
    while loop.nowNanoseconds < warmUntilNanoseconds {
      do {
        try await loop.sleep(milliseconds: Self.touchMilliseconds)
      } catch {
        break
      }
      // A store that is away now may be back for the next touch.
      try? await run()
    }
    keeper = nil
  }

  private func attempt() async {
    var failure: (any Error)?
    do {
      try await store.check()
      for channel in channels { try await touch(channel) }
      lastNanoseconds = loop.nowNanoseconds
    } catch {
      failure = RPCError.problem(
        .unavailable, reason: "UNAVAILABLE", message: "This edge cannot reach its store or the core.", retryAfterSeconds: 5)
    }
    let told = waiting ?? []
    waiting = nil
    for promise in told {
      if let failure { promise.fail(failure) } else { promise.succeed(()) }
    }
  }

  /// Health v1 costs the other side nothing. A peer that answers at all is connected.
  private func touch(_ channel: RPCChannel) async throws {
    let options = CallOptions(timeoutMilliseconds: Self.timeoutMilliseconds, waitForReady: true)
    do {
      _ = try await GRPCHealthV1.HealthClient(channel).check(GRPCHealthV1.HealthCheckRequest(), options: options)
    } catch let error as RPCError where error.code != .unavailable && error.code != .deadlineExceeded {
      return
    }
  }
}

import EventLoops

/// What a subscriber sees, in order.
public enum RedisSubscriptionEvent: Sendable, Equatable {
  /// Messages arrive from now on; any before may have been missed. Also after a reconnect, and after a reader was too slow.
  case live
  case message([UInt8])
  /// The connection is gone: nothing arrives until the next `live`.
  case interrupted
}

/// One reader of one channel. Loop thread only.
public final class RedisSubscription: @unchecked Sendable {
  public let channel: String
  private let loop: EventLoop
  private let eventsMax: Int
  private weak var subscriber: RedisSubscriber?
  private var events = FIFOQueue<RedisSubscriptionEvent>()
  private var waiter: LoopPromise<RedisSubscriptionEvent?>?
  private var isCancelled = false
  private var isInterrupted = false

  init(channel: String, loop: EventLoop, subscriber: RedisSubscriber, eventsMax: Int) {
    self.channel = channel
    self.loop = loop
    self.subscriber = subscriber
    self.eventsMax = eventsMax
  }

  /// The next event; nil once the subscription or its subscriber was closed. One reader at a time.
  /// - Throws: `CancellationError`, `TimeoutError` where a time is given. The subscription stays usable.
  public func next(timeoutMilliseconds: UInt64? = nil) async throws -> RedisSubscriptionEvent? {
    precondition(loop.isCurrent, "a subscription belongs to its loop")
    if let event = events.popFirst() { return event }
    if isCancelled { return nil }
    precondition(waiter == nil, "a subscription has one reader")
    let promise = LoopPromise<RedisSubscriptionEvent?>(loop: loop)
    waiter = promise
    defer { if waiter === promise { waiter = nil } }
    return try await promise.wait(timeoutMilliseconds: timeoutMilliseconds)
  }

  /// Ends the subscription. Fine twice.
  public func cancel() {
    guard !isCancelled else { return }
    subscriber?.remove(self)
    end()
  }

  func end() {
    isCancelled = true
    events = FIFOQueue()
    waiter?.succeed(nil)
    waiter = nil
  }

  func deliver(_ event: RedisSubscriptionEvent) {
    guard !isCancelled, !(event == .interrupted && isInterrupted) else { return }
    isInterrupted = event == .interrupted
    if let waiter, !waiter.isResolved {
      self.waiter = nil
      waiter.succeed(event)
    } else if events.count >= eventsMax {
      // Too slow: one `live` says that messages were missed.
      events = FIFOQueue()
      events.append(.live)
    } else {
      events.append(event)
    }
  }
}

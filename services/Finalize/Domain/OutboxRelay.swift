import Model

/// Tells other services what happened, until they have heard it.
public struct OutboxRelay: Sendable {
  private let outbox: any Outbox
  private let sink: any EventSink
  private let limits: FinalizeLimits

  public init(outbox: any Outbox, sink: any EventSink, limits: FinalizeLimits = FinalizeLimits()) {
    self.outbox = outbox
    self.sink = sink
    self.limits = limits
  }

  /// Tells a batch of due events, or those of one file; how many were tried. One that was not heard waits longer each time and is told
  /// to `onFailure`.
  @discardableResult
  public func run(of file: FileID? = nil, onFailure: (OutboxEntry, any Error) -> Void = { _, _ in }) async throws -> Int {
    let entries = try await outbox.take(limits.relayBatch, of: file, leaseMilliseconds: limits.relayLeaseMilliseconds)
    for entry in entries {
      do {
        try await sink.deliver(entry.event)
        try await outbox.remove(entry)
      } catch is CancellationError {
        // The lease runs out; then it is tried again.
        throw CancellationError()
      } catch {
        onFailure(entry, error)
        try await outbox.postpone(entry, milliseconds: limits.pauseMilliseconds(afterAttempts: entry.attempts), because: "\(error)")
      }
    }
    return entries.count
  }
}

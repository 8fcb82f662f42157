import ServiceKit

/// The limits of this service as settings.
enum FinalizeSettings {
  private static let day = 86_400_000

  static let limits: LimitSettings<FinalizeLimits> = {
    var table = LimitSettings(FinalizeLimits())
    table.add("finalize.lease.ms", \.leaseMilliseconds, 1_000...day,
      "how long one call is the only one to complete an upload; longer than the store ever needs")
    table.add("finalize.busy.pause.ms", \.busyPauseMilliseconds, 1...60_000,
      "how long a call waits for another that completes the same upload, each time")
    table.add("finalize.busy.pauses.max", \.busyPausesMax, 0...10_000, "and how often")
    table.add("finalize.url.seconds", \.urlSeconds, 1...604_800, "how long the URL of a file works")
    table.add("finalize.peer.timeout.ms", \.peerMilliseconds, 10...600_000, "longest that a call to another service may take")
    table.add("finalize.prompt.ms", \.promptDeliveryMilliseconds, 0...60_000,
      "how long an answer waits for other services to hear of the file; the rest comes later")
    table.add("finalize.relay.ms", \.relayPauseMilliseconds, 10...3_600_000, "how often the outbox is looked at")
    table.add("finalize.relay.batch.max", \.relayBatch, 1...10_000, "events taken from it at once")
    table.add("finalize.relay.lease.ms", \.relayLeaseMilliseconds, 100...day, "how long nobody else delivers an event that was taken")
    table.add("finalize.retry.min.ms", \.retryMinMilliseconds, 1...day, "first pause before an event is told again; doubled each time")
    table.add("finalize.retry.max.ms", \.retryMaxMilliseconds, 1...day, "longest such pause")
    table.add("finalize.depth.ms", \.depthPauseMilliseconds, 100...day, "how often the queues are counted, for metrics")
    table.add("finalize.sweep.ms", \.sweepPauseMilliseconds, 100...day, "how often expired uploads are looked for")
    table.add("finalize.sweep.batch.max", \.sweepBatch, 1...10_000, "expired uploads that are given up in one round")
    table.add("finalize.verify.ms", \.verifyPauseMilliseconds, 10...day, "how often new objects are looked for, to be read back")
    table.add("finalize.verify.delay.ms", \.verifyDelayMilliseconds, 0...day, "how long a new object rests before that")
    table.add("finalize.verify.lease.ms", \.verifyLeaseMilliseconds, 1_000...day, "how long nobody else reads an object that was taken")
    table.add("finalize.verify.renew.bytes", \.verifyRenewBytes, 1 << 20...1 << 40, "bytes after which that lease is renewed")
    table.add("finalize.verify.rate.bytes", \.verifyBytesPerSecond, 1 << 16...1 << 40, "bytes per second that one process reads back")
    table.add("finalize.verify.attempts.max", \.verifyAttemptsMax, 1...1_000, "after which an object that cannot be read is left alone")
    return table
  }()

  static func check(_ settings: Settings) {
    let read = limits.read(settings)
    if read.retryMinMilliseconds > read.retryMaxMilliseconds { settings.note("finalize.retry.min.ms is larger than finalize.retry.max.ms") }
    let renewSeconds = read.verifyRenewBytes / max(1, read.verifyBytesPerSecond)
    if Int64(clamping: renewSeconds) * 1_000 >= read.verifyLeaseMilliseconds {
      settings.note("finalize.verify.lease.ms is over before finalize.verify.renew.bytes are read at finalize.verify.rate.bytes")
    }
  }
}

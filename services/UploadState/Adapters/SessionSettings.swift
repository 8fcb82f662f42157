import ServiceKit

/// The limits of this service as settings.
enum SessionSettings {
  private static let day = 86_400_000

  static let limits: LimitSettings<SessionLimits> = {
    var table = LimitSettings(SessionLimits())
    table.add("upload.state.lifetime.ms", \.lifetimeMilliseconds, 60_000...365 * day,
      "how long a session lives after the last sign of life of its client")
    table.add("upload.state.slide.ms", \.slideMillisecondsMin, 0...365 * day, "a sign of life is written down only where it gains this much")
    table.add("upload.state.ended.days", \.endedDays, 1...3_650, "how long the session of an ended upload is kept, for statistics")
    table.add("upload.state.prune.ms", \.pruneMilliseconds, 1_000...day, "how often older ones are looked for")
    table.add("upload.state.multiparts.max", \.multipartsAtOnceMax, 1...100,
      "multipart uploads being created at once, per loop; each holds a connection to PostgreSQL")
    table.add("upload.state.multiparts.waiting.max", \.multipartsWaitingMax, 1...1_000_000,
      "calls that may wait for their turn to create one, per loop")
    table.add("upload.state.multipart.timeout.ms", \.multipartMilliseconds, 100...600_000, "longest that the store may take to create one")
    table.add("upload.state.recent.sessions.max", \.recentSessionsMax, 1...1_000,
      "newest sessions in one answer of stats, and as many unfinished ones at most")
    table.add("upload.state.speed.days", \.speedDays, 1...3_650, "stats averages speeds over the uploads of so many days")
    table.add("upload.state.peer.timeout.ms", \.statsPeerMilliseconds, 10...60_000,
      "longest that stats waits for each call to another service; what is late is left out")
    table.add("upload.state.watchers.max", \.watchersMax, 1...1_000_000, "watchers of progress at once, per loop")
    table.add("upload.state.watch.resync.ms", \.watchResyncMilliseconds, 100...day,
      "how often a watcher reads the truth although it hears of every change")
    table.add("upload.state.watch.poll.ms", \.watchPollMilliseconds, 50...day, "how often it does while Redis is away")
    table.add("upload.state.subscribe.timeout.ms", \.subscribeMilliseconds, 10...60_000, "how long a new watcher waits for Redis")
    table.add("upload.state.publish.timeout.ms", \.publishTimeoutMilliseconds, 10...60_000, "longest wait for Redis to take a message")
    return table
  }()

  static func check(_ settings: Settings) {
    let read = limits.read(settings)
    if read.slideMillisecondsMin >= read.lifetimeMilliseconds {
      settings.note("upload.state.slide.ms is not smaller than upload.state.lifetime.ms: a busy session would expire")
    }
  }
}

import ServiceKit

/// The limits of this service as settings.
enum SelectionSettings {
  private static let day = 86_400_000

  static let limits: LimitSettings<EdgeLimits> = {
    var table = LimitSettings(EdgeLimits())
    table.add("edge.selection.heartbeat.seconds", \.heartbeatSeconds, 1...10,
      "how often edges are told to speak; one that is silent for 30 s is no candidate")
    table.add("edge.selection.snapshot.ms", \.snapshotMilliseconds, 100...30_000, "how often the registry of edges is read")
    table.add("edge.selection.probe.ms", \.probeMilliseconds, 100...3_600_000, "how often every live edge is probed")
    table.add("edge.selection.probes.max", \.probesAtOnceMax, 1...10_000, "probes and warm-ups at once")
    table.add("edge.selection.metrics.days", \.metricsDays, 1...3_650, "how long measurements of edges are kept")
    table.add("edge.selection.metrics.hourly.days", \.hourlyMetricsDays, 1...36_500, "how long their hourly averages are kept")
    table.add("edge.selection.maintenance.ms", \.maintenanceMilliseconds, 1_000...day, "how often both are tidied up")
    table.add("edge.selection.habit.ms", \.habitMilliseconds, 100...3_600_000, "how often counted uploads are written down")
    table.add("edge.selection.warming.users.max", \.usersPerWarmingMax, 1...1_000_000, "users that are warmed for at once")
    table.add("edge.selection.warming.timeout.ms", \.warmUpMilliseconds, 10...60_000, "longest that one edge may take to warm up")
    table.add("edge.selection.duplicate.timeout.ms", \.duplicateCheckMilliseconds, 10...60_000,
      "longest wait for Dedup; then the upload goes on without")
    table.add("edge.selection.clone.timeout.ms", \.cloneMilliseconds, 10...60_000, "longest wait for Finalize to make a file of a duplicate")
    table.add("edge.selection.session.timeout.ms", \.sessionMilliseconds, 10...60_000, "longest wait for UploadState to open or find a session")
    return table
  }()
}

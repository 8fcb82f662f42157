import Contracts
import Postgres
import ServiceKit

/// The program jetty-edge-selection.
public enum EdgeSelectionProgram {
  public static let definition = ServiceDefinition(
    name: "edge-selection",
    summary: "which edges an upload should use",
    settings: SettingKey.groups(
      SettingKey.database, SelectionSettings.limits.keys, [.tokenPrivateKey, .hourlyJob], PeerService.settings(.dedup, .finalize, .uploadState)),
    jobs: [patternsJob],
    prepare: { runtime in
      let pool = try runtime.postgres(schema: EdgeSelectionNode.schema)
      defer { pool.close() }
      try await EdgeSelectionNode.migrate(pool, logger: runtime.log)
    },
    build: { runtime in
      let signer = try runtime.tokenSigner()
      let (dedup, finalize) = (try runtime.channel(.dedup), try runtime.channel(.finalize))
      let uploadState = try runtime.channel(.uploadState)
      var edgeChannels = try runtime.channelConfiguration()
      edgeChannels.statisticsTarget = "edges"
      let pool = try runtime.postgres(schema: EdgeSelectionNode.schema)
      let redis = try runtime.redis()
      var made = EdgeSelectionNode.Parts(
        loop: runtime.loop, pool: pool, redis: redis, dedup: dedup, finalize: finalize, uploadState: uploadState, signer: signer,
        edgeChannels: edgeChannels, logger: runtime.log, warmth: WarmthMetrics(runtime.metrics),
        doesHourlyJob: runtime.settings.boolean(.hourlyJob))
      made.limits = SelectionSettings.limits.read(runtime.settings)
      made.statistics = runtime.statistics
      made.metrics = SelectionMetrics(runtime.metrics)
      let node = EdgeSelectionNode(made)
      if runtime.job == nil { node.start(isFirst: runtime.loopIndex == 0) }

      var parts = ServiceParts()
      parts.services = [node.service]
      parts.readiness = [
        ReadinessCheck("registry") { node.isReady ? nil : "the registry of edges has not been read yet" },
        .postgres(pool), .redis(redis),
      ]
      parts.jobs = [patternsJob: { try await node.runHourlyJob() }]
      parts.close = {
        node.close()
        pool.close()
        redis.close()
      }
      return parts
    })

  private static let patternsJob = "patterns"
}

extension SettingKey {
  fileprivate static let hourlyJob = SettingKey(
    "patterns.inside", "whether this process does the hourly job `patterns` itself; false where something else calls --job patterns",
    .boolean, default: "true")
}

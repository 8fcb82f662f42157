import Contracts
import EventLoops
import Model
import RPC

/// Asks edges how busy they are and takes the time. Loop thread only.
final class EdgeProber: @unchecked Sendable {
  private let loop: EventLoop
  private let channels: EdgeChannels
  private let now: () -> Int64
  private let limits: EdgeLimits

  init(loop: EventLoop, channels: EdgeChannels, now: @escaping () -> Int64, limits: EdgeLimits = EdgeLimits()) {
    self.loop = loop
    self.channels = channels
    self.now = now
    self.limits = limits
  }

  /// Probes all of them, a bounded number at a time. One result each, in no order.
  func probe(_ edges: [EdgeRecord]) async -> [ProbeResult] {
    var waiting = edges[...]
    var results: [ProbeResult] = []
    await withTaskGroup(of: ProbeResult?.self) { group in
      for record in waiting.prefix(limits.probesAtOnceMax) { group.addTask { await self.probe(record) } }
      waiting = waiting.dropFirst(limits.probesAtOnceMax)
      for await result in group {
        if let result { results.append(result) }
        if let next = waiting.popFirst() { group.addTask { await self.probe(next) } }
      }
    }
    return results
  }

  private func probe(_ record: EdgeRecord) async -> ProbeResult? {
    guard let status = record.status else { return nil }
    let start = loop.nowNanoseconds
    let load: GetLoadResponse?
    do {
      let client = EdgeWorkerClient(try channels.channel(to: status.rpcAddress))
      load = try await client.getLoad(GetLoadRequest(), options: CallOptions(timeoutMilliseconds: EdgeLimits.probeTimeoutMilliseconds))
    } catch {
      load = nil
    }
    let took = Double(loop.nowNanoseconds - start) / 1e6
    // Someone else may listen there by now.
    let isIt = load.map { $0.edgeId == record.site.id.text } ?? false
    return ProbeResult(
      edge: record.site.id, milliseconds: isIt ? took : Double(EdgeLimits.probeTimeoutMilliseconds), hasAnswered: isIt,
      loadPercent: min(load?.loadPercent ?? status.loadPercent, 100), activeUploads: load?.activeUploads ?? status.activeUploads,
      bandwidthMegabits: status.bandwidthMegabits, at: now())
  }
}

import EventLoops

/// Judges the servers of one channel at regular intervals (`OutlierEjection`). Loop thread only.
final class OutlierDetector {
  private let configuration: OutlierEjection
  private unowned(unsafe) let loop: EventLoop
  private var timer: LoopTimer?

  init(_ configuration: OutlierEjection, loop: EventLoop) {
    self.configuration = configuration
    self.loop = loop
  }

  /// - Parameters:
  ///   - servers: those there are now.
  ///   - onChange: somebody may take calls again.
  func start(servers: @escaping () -> [Subchannel], onChange: @escaping () -> Void) {
    timer = loop.schedule(afterMilliseconds: configuration.intervalMilliseconds) { [weak self] in
      guard let self else { return }
      if judge(servers()) { onChange() }
      start(servers: servers, onChange: onChange)
    }
  }

  func stop() { timer?.cancel() }

  /// True if somebody came back.
  private func judge(_ servers: [Subchannel]) -> Bool {
    let now = loop.nowNanoseconds
    var cameBack = false
    for server in servers where server.ejection.ends(now, configuration) { cameBack = true }
    let judged = servers.map { (server: $0, calls: $0.counters.takeWindow()) }.filter { $0.calls.total >= configuration.callsMin }
    if judged.count >= configuration.serversMin {
      for (server, calls) in judged where !server.ejection.isEjected {
        guard calls.failed * 100 >= configuration.failurePercentage * calls.total, mayEjectAnother(servers) else { continue }
        server.ejection.begin(now)
      }
    }
    for server in servers where !server.ejection.isEjected { server.ejection.calm() }
    return cameBack
  }

  private func mayEjectAnother(_ servers: [Subchannel]) -> Bool {
    let ejected = servers.count { $0.ejection.isEjected }
    let allowed = max(1, servers.count * configuration.ejectedPercentageMax / 100)
    return ejected < allowed && ejected + 1 < servers.count
  }
}

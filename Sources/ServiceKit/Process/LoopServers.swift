import EventLoops
import HTTPServer
import RPC
import RPCServices

/// The servers of one loop. Loop thread only.
final class LoopServers: @unchecked Sendable {
  let runtime: ServiceRuntime
  let parts: ServiceParts
  private(set) var httpAddress: SocketAddress?
  private(set) var rpcAddress: SocketAddress?
  private var rpc: RPCServer?
  private var probes: RPCServer?
  private var http: HTTPServer?
  private var health: HealthService?

  init(process: RunningProcess, runtime: ServiceRuntime, parts: ServiceParts, addresses: ListenAddresses) throws {
    self.runtime = runtime
    self.parts = parts
    let isFirst = runtime.loopIndex == 0
    if !parts.services.isEmpty {
      let router = RPCRouter()
      for service in parts.services { router.add(service) }
      if let policy = process.callerPolicy { router.interceptors.append(policy.interceptor(log: process.log)) }
      health = router.addOperations(loop: runtime.loop)
      var configuration = RPCSettings.server.read(runtime.settings)
      configuration.drainMilliseconds = UInt64(max(1, runtime.settings.integer(.drainSeconds))) * 1_000
      configuration.tls = process.tls.server
      let server = RPCServer(loop: runtime.loop, router: router, configuration: configuration, log: process.log)
      let statistics = RPCStatistics(side: .server)
      RPCMetrics.bind(statistics, to: process.metrics)
      server.statistics = statistics
      let access = AccessLog(settings: runtime.settings, log: process.log)
      server.onCallEnd = { access.note($0) }
      rpcAddress = try server.listen(parts.http == nil ? addresses.main : addresses.rpc, reusePort: true, probe: isFirst)
      rpc = server
      RPCMetrics.bind(server, to: runtime)
    }
    if isFirst, let address = addresses.health {
      let health = self.health ?? HealthService(loop: runtime.loop)
      self.health = health
      let router = RPCRouter()
      router.add(health)
      let server = RPCServer(loop: runtime.loop, router: router, configuration: RPCServerConfiguration(), log: process.log)
      let bound = try server.listen(address)
      process.log.info("health port", metadata: ["address": "\(bound)"])
      probes = server
    }
    if let handler = parts.http {
      var configuration = parts.httpConfiguration
      configuration.tls = process.tls.http
      let server = HTTPServer(loop: runtime.loop, configuration: configuration, handler: handler)
      let counts = HTTPMetrics(server.statistics, to: process.metrics)
      let access = AccessLog(settings: runtime.settings, log: process.log)
      server.onRequestEnd = { request in
        counts.count(request)
        access.note(request)
      }
      httpAddress = try server.listen(addresses.main, reusePort: true, probe: isFirst)
      http = server
    }
    health?.setStatus(.serving, for: "")
    for service in parts.services { health?.setStatus(.serving, for: type(of: service).descriptor.name) }
  }

  var rpcSnapshot: RPCLoopSnapshot {
    RPCLoopSnapshot(servers: [rpc, probes].compactMap { $0?.snapshot() }, channels: runtime.channelSnapshots)
  }

  /// Says that others should be asked, and goes on serving.
  func announceStop() {
    health?.shutDown()
    http?.discourageReuse()
  }

  /// Refuses new work, lets running work finish, for so long at most.
  func drain(milliseconds: UInt64) async {
    parts.drain()
    http?.beginGracefulShutdown()
    rpc?.beginGracefulShutdown()
    let (rpc, http) = (self.rpc, self.http)
    _ = try? await runtime.loop.withTimeout(milliseconds: max(1, milliseconds)) {
      await rpc?.shutdown()
      await http?.shutdown(graceMilliseconds: milliseconds)
    }
  }

  func close() {
    rpc?.close()
    probes?.close()
    parts.close()
    runtime.closeChannels()
  }
}

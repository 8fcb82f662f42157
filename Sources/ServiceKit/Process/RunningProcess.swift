import EventLoops
import Foundation
import Logging
import RPC

/// One program while it runs: its loops and what each of them serves.
final class RunningProcess: @unchecked Sendable {
  let definition: ServiceDefinition
  let settings: Settings
  let metrics = MetricsRegistry()
  let log: Logger
  let tls: TLSSettings
  /// Nil where every certified peer may call everything.
  let callerPolicy: CallerPolicy?
  let state: ProcessState
  let rpcDebug = RPCDebug()
  let readings = LoopReadings()
  /// The job to do instead of serving.
  let job: String?
  private let group: EventLoopGroup
  private let addresses: ListenAddresses
  private let drainDelayMilliseconds: UInt64
  private let drainMilliseconds: UInt64
  private let certificates: CertificateWatch
  private let certificateSeconds: Int
  private var admin: AdminServer?
  private var servers: [LoopServers] = []
  private var background: [Task<Void, Never>] = []

  init(definition: ServiceDefinition, settings: Settings) throws {
    self.definition = definition
    self.settings = settings
    let level = Logger.Level(rawValue: settings.required(.logLevel))
    let service = definition.name
    LoggingSystem.bootstrap { JSONLogHandler(label: $0, service: service, level: level ?? .info) }
    log = Logger(label: service)
    tls = TLSSettings(settings, hasHTTP: definition.settings.contains(.httpTLSCertificate))
    callerPolicy = CallerPolicy(settings, log: log)
    certificates = CertificateWatch(tls.contexts, metrics: metrics, log: log)
    certificateSeconds = settings.integer(.tlsReloadSeconds)
    drainDelayMilliseconds = UInt64(settings.integer(.drainDelaySeconds)) * 1000
    drainMilliseconds = UInt64(settings.integer(.drainSeconds)) * 1000
    addresses = ListenAddresses(settings, hasRPCListen: definition.settings.contains(.rpcListen))
    job = definition.jobs.isEmpty ? nil : settings.optional(.job)
    if let job, !definition.jobs.contains(job) {
      settings.complain(.job, "is no job of this program: \"\(job)\"; there is \(definition.jobs.joined(separator: ", "))")
    }
    state = ProcessState(checkMilliseconds: UInt64(settings.integer(.readyTimeout)))
    let wanted = job == nil ? settings.integer(.loops) : 1
    RPCSettings.check(settings)
    addresses.check(settings)
    if definition.settings.contains(.storeAccessKey) { settings.checkStore(signsURLs: definition.settings.contains(.objectURLSecret)) }
    definition.validate(settings)
    try settings.check()
    group = try EventLoopGroup(count: wanted == 0 ? ProcessInfo.processInfo.activeProcessorCount : wanted, name: "loop")
    LoopMetrics.bind(group.loops, to: metrics)
  }

  // MARK: Start

  func start() async {
    do {
      let runtimes = group.loops.enumerated().map { ServiceRuntime(process: self, loop: $1, index: $0) }
      let first = runtimes[0]
      if let job { return try await finish(job, on: first) }
      admin = try await first.loop.run { try AdminServer(process: self, loop: first.loop, address: self.addresses.admin) }
      let definition = self.definition
      try await first.loop.run { try await self.untilAvailable(first) { try await definition.prepare(first) } }
      for runtime in runtimes {
        let parts = try await runtime.loop.run { try await self.untilAvailable(runtime) { try await definition.build(runtime) } }
        let serving = try await runtime.loop.run { try LoopServers(process: self, runtime: runtime, parts: parts, addresses: self.addresses) }
        servers.append(serving)
        rpcDebug.add(runtime.loop) { serving.rpcSnapshot }
        readings.add(runtime.loop) { runtime.updateReadings() }
        if runtime.loopIndex == 0 {
          addresses.settle(http: serving.httpAddress, rpc: serving.rpcAddress)
          state.setChecks(parts.readiness, on: runtime.loop) { runtime.peerNotes }
        }
      }
      for job in servers[0].parts.background { background.append(first.loop.spawn { await self.keepRunning(job, on: first.loop) }) }
      if !certificates.isEmpty {
        let (certificates, seconds) = (self.certificates, certificateSeconds)
        background.append(Task.detached { await certificates.run(everySeconds: seconds) })
      }
      first.loop.execute { first.loop.trimMemory() }
      state.isStarted = true
      log.notice("serving", metadata: addresses.logMetadata)
    } catch {
      log.critical("cannot start", metadata: ["error": "\(error)"])
      endProcess(error is SettingsError ? 2 : 1)
    }
  }

  /// Does one job and ends the process.
  private func finish(_ job: String, on runtime: ServiceRuntime) async throws {
    let definition = self.definition
    try await runtime.loop.run { try await self.untilAvailable(runtime) { try await definition.prepare(runtime) } }
    let parts = try await runtime.loop.run { try await self.untilAvailable(runtime) { try await definition.build(runtime) } }
    guard let body = parts.jobs[job] else { preconditionFailure("\(definition.name) lists the job \(job) and does not make it") }
    try await runtime.loop.run {
      defer {
        parts.close()
        runtime.closeChannels()
      }
      try await body()
    }
    log.notice("job done", metadata: ["job": "\(job)"])
    endProcess(0)
  }

  /// Tries again, ever more slowly, while something that is needed is away: programs start in any order.
  private func untilAvailable<T: Sendable>(_ runtime: ServiceRuntime, _ body: () async throws -> T) async throws -> T {
    var pause: UInt64 = 100
    while true {
      do {
        return try await body()
      } catch let error where StartupErrors.isPassing(error) {
        state.waitingFor = "\(error)"
        log.warning("waiting for something that is away", metadata: ["error": "\(error)"])
        try await runtime.loop.sleep(milliseconds: pause)
        pause = min(pause * 2, 5_000)
      }
    }
  }

  private func keepRunning(_ job: BackgroundJob, on loop: EventLoop) async {
    let failures = metrics.counter("jetty_background_failures_total", "Background jobs that ended with an error", [("job", job.name)])
    while !Task.isCancelled {
      do {
        try await job.body()
        return
      } catch is CancellationError {
        return
      } catch {
        failures.increment()
        log.warning("background job failed", metadata: ["job": "\(job.name)", "error": "\(error)"])
      }
      try? await loop.sleep(milliseconds: 1000)
    }
  }

  // MARK: Stop

  /// Not ready first, and still serving, so that callers go elsewhere by themselves; then GOAWAY and no new connections; then what
  /// runs may finish, until the deadline.
  func stop() async {
    state.isStopping = true
    for task in background { task.cancel() }
    let servers = self.servers
    if drainDelayMilliseconds > 0 && !servers.isEmpty {
      for serving in servers { try? await serving.runtime.loop.run { serving.announceStop() } }
      try? await Task.sleep(for: .milliseconds(drainDelayMilliseconds))
    }
    let drain = drainMilliseconds
    await withTaskGroup(of: Void.self) { tasks in
      for serving in servers {
        let loop = serving.runtime.loop
        tasks.addTask {
          try? await loop.run {
            serving.announceStop()
            await serving.drain(milliseconds: drain)
          }
        }
      }
    }
    for task in background { await task.value }
    for serving in servers { try? await serving.runtime.loop.run { serving.close() } }
    log.notice("stopped")
  }
}

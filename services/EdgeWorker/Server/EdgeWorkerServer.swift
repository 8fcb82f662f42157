import Doors
import EdgeWorker
import ServiceKit
import Synchronization

@main enum EdgeWorkerServer {
  static func main() {
    // One count of chunks for all loops; made when the first loop's parts are.
    let shared = Mutex<EdgeActivity?>(nil)
    ServiceProcess.main(
      ServiceDefinition(
        name: "edge-worker", summary: "takes chunks at a site and puts them into the store", settings: EdgeSettings.all,
        validate: EdgeSettings.check,
        build: { runtime in
          let settings = EdgeSettings(runtime.settings)
          try runtime.settings.check()
          let activity = shared.withLock { known in
            let activity = known ?? EdgeActivity(chunksMax: settings.limits.chunksMax)
            known = activity
            return activity
          }
          return try parts(runtime, settings, activity)
        }))
  }

  private static func parts(_ runtime: ServiceRuntime, _ settings: EdgeSettings, _ activity: EdgeActivity) throws -> ServiceParts {
    let store = try runtime.objectStore()
    var made = EdgeWorker.Parts(
      loop: runtime.loop, description: settings.description, verifier: try runtime.tokenVerifier(), store: store,
      chunkMetadata: try runtime.channel(.chunkMetadata), uploadState: try runtime.channel(.uploadState), activity: activity, log: runtime.log)
    made.limits = settings.limits
    made.cors = CORSPolicy(origins: settings.corsOrigins)
    made.spoolDirectory = settings.spoolDirectory
    let worker = EdgeWorker(made)

    var parts = ServiceParts()
    parts.services = [worker.service]
    parts.http = worker.handler
    parts.httpConfiguration.limits = HTTPSettings.door.read(runtime.settings)
    parts.readiness = [.store(store)]
    if runtime.loopIndex == 0 {
      let heartbeat = Heartbeat(
        channel: try runtime.channel(.edgeSelection), description: settings.description, activity: activity, loop: runtime.loop, log: runtime.log)
      parts.background = [BackgroundJob("heartbeat") { await heartbeat.run() }]
      measure(activity, runtime)
    }
    return parts
  }

  private static func measure(_ activity: EdgeActivity, _ runtime: ServiceRuntime) {
    let metrics = runtime.metrics
    metrics.reading("jetty_edge_chunks_active", "Chunks on their way into the store") { Double(activity.activeChunks) }
    metrics.reading("jetty_edge_received_bytes_total", "Plain bytes of chunks taken", counts: true) { Double(activity.bytesReceived) }
    metrics.reading("jetty_edge_chunks_stored_total", "Chunks stored and recorded", counts: true) { Double(activity.chunksStored) }
    metrics.reading("jetty_edge_chunks_refused_total", "Chunks turned away because the edge was busy", counts: true) {
      Double(activity.chunksRefused)
    }
  }
}
